/// The kinds of files that adapters are kept in.
public enum AdapterFormat: String, Sendable, CaseIterable {
    /// MiniMind's `.pth`: factors under the model's own names. It knows no scale: B holds it. Magnitudes of DoRA have
    /// a key of our own.
    case minimind
    /// A folder of Hugging Face's PEFT: `adapter_config.json` and `adapter_model.safetensors`.
    case peft
    /// A folder of mlx-lm: `adapter_config.json` and `adapters.safetensors`. It knows one rank and one scale:
    /// smaller ranks are filled up with zeros, and where scales differ B holds them.
    case mlx
    /// An adapter of llama.cpp. It knows one alpha: where scales times ranks differ, B holds the difference.
    case gguf

    /// Whether it is a folder rather than a file.
    public var isFolder: Bool { self == .peft || self == .mlx }
}
