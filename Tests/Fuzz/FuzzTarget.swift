/// Reads inputs of a format as the product reads files of it, all the way.
protocol FuzzTarget {
    /// - Throws: what must not happen; refusals go to the recorder
    func read(_ input: [UInt8], _ recorder: Recorder) throws
}

extension FuzzFormat {
    func target(_ scratch: Scratch, corpus: String) throws -> any FuzzTarget {
        switch self {
        case .pth, .gguf: WeightsTarget(scratch, name: "input.\(rawValue)")
        case .safetensors: try SafetensorsTarget(scratch)
        case .tokenizer: try TokenizerTarget(scratch, corpus: corpus)
        case .jsonl: try ConversationTarget(scratch, corpus: corpus)
        case .template: TemplateTarget()
        case .vocab, .vocabtxt, .sentencepiece, .tekken, .tiktoken: try TokenizerFileTarget(scratch, self)
        }
    }
}
