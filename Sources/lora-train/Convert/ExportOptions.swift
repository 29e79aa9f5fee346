import Foundation
import LoRA
import Tensor

/// What `lora-train export` and `lora-train merge` can be told.
struct ExportOptions {
    var model = ModelOptions()
    var format = Format.auto
    var outputPath: String?
    var savedType = SavedType.auto
    var tolerance: Double?
    var verifies = true

    /// What is written.
    enum Format: String, CaseIterable {
        /// By the ending of the output: .pth, .gguf, anything else a folder.
        case auto
        /// The model as one of PyTorch's files, with the keys of its generation.
        case pth
        /// The model as a folder that `AutoModelForCausalLM` takes.
        case huggingface
        /// The model as llama.cpp reads it.
        case gguf
        /// The adapter alone, as MiniMind publishes it.
        case minimind
        /// The adapter alone, as `PeftModel` takes it.
        case peft
        /// The adapter alone, as mlx-lm takes it.
        case mlx
        /// The adapter alone, as llama.cpp takes it beside a base.
        case ggufLoRA = "gguf-lora"

        /// The format of a whole model; `nil` where an adapter is written, or the ending of the output decides.
        var modelFormat: ModelFormat? { ModelFormat(rawValue: rawValue) }

        /// The format of an adapter alone; `nil` where a model is written.
        var adapterFormat: AdapterFormat? {
            switch self {
            case .minimind: .minimind
            case .peft: .peft
            case .mlx: .mlx
            case .ggufLoRA: .gguf
            case .auto, .pth, .huggingface, .gguf: nil
            }
        }
    }

    /// The type of what is written.
    enum SavedType: String, CaseIterable {
        /// float16 in a GGUF or a folder; of a .pth float32; float32 for an adapter.
        case auto
        case float32, float16, bfloat16
        /// Blocks of 8-bit numbers; a GGUF alone has them.
        case q8_0
    }

    /// What is written, where nothing was said by the ending of the output.
    func resolvedFormat(_ output: String) throws(CommandError) -> Format {
        guard format == .auto else { return format }
        switch (output as NSString).pathExtension {
        case "pth", "pt": return .pth
        case "gguf": return .gguf
        case "": return .huggingface
        default: throw .usage("--output '\(output)' ends like no format; say which with --format")
        }
    }

    /// The type of what is written.
    ///
    /// - Parameter format: of a model; `nil` for an adapter
    func elementType(_ format: ModelFormat?) throws(CommandError) -> ElementType {
        switch savedType {
        case .auto: return format == .gguf || format == .huggingface ? .float16 : .float32
        case .float32: return .float32
        case .float16: return .float16
        case .bfloat16: return .bfloat16
        case .q8_0:
            guard format == .gguf else { throw .usage("--save_dtype q8_0 is for --format gguf alone") }
            return .q8_0
        }
    }

    static var flags: FlagSet<ExportOptions> {
        var flags = FlagSet<ExportOptions>()
        flags.section("What is written")
        flags.choice(
            "format", \.format,
            "A model: pth, huggingface (a folder) or gguf; an adapter alone: minimind, peft, mlx or gguf-lora; auto goes by the ending of --output"
        )
        flags.filePath("output", \.outputPath, "File or folder that is written")
        flags.choice(
            "save_dtype", \.savedType,
            "float32, float16, bfloat16, or q8_0 in a GGUF; auto is float16 for gguf and huggingface, else float32")
        flags.bool("verify", \.verifies, "Read back what was written and compare its logits")
        flags.section("The model")
        flags.filePath("out_dir", \.model.outDir, "Folder of the base weights")
        flags.filePath(
            "lora_path", \.model.loraPath, "Adapter, of any format; of a model it is merged in. Several: path@weight,path@weight")
        flags.sizes(\.model)
        flags.bool("use_moe", \.model.useMoE, "A base with a mixture of experts")
        flags.model(\.model)
        return flags
    }
}
