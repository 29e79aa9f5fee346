import Data
import Foundation
import Tensor

/// A tokenizer in a folder without `tokenizer.json`: the input under the name that its format has.
struct TokenizerFileTarget: FuzzTarget {
    private let format: FuzzFormat
    private let scratch: Scratch

    init(_ scratch: Scratch, _ format: FuzzFormat) throws {
        self.format = format
        self.scratch = scratch
    }

    func read(_ input: [UInt8], _ recorder: Recorder) throws {
        for name in ["qwen.tiktoken", "tokenizer.model"] { scratch.remove(name) }
        var files: [(String, [UInt8])]
        switch format {
        case .vocab:
            let (vocabulary, merges) = Self.parts(input)
            files = [("vocab.json", vocabulary), ("merges.txt", merges)]
        case .vocabtxt: files = [("vocab.txt", input)]
        case .tekken: files = [("tekken.json", input)]
        case .tiktoken: files = [(input.count % 3 == 0 ? "tokenizer.model" : "qwen.tiktoken", input)]
        default: files = [("tokenizer.model", input)]
        }
        for (name, bytes) in files { try scratch.write(name, bytes) }
        // The class decides what is made of the same file.
        let configurations = Self.configurations(format)
        try scratch.write("tokenizer_config.json", Array(configurations[input.count % configurations.count].utf8))
        guard let tokenizer = try recorder.attempt("read", { try Tokenizer(folder: scratch.path) }) else { return }
        recorder.accept()
        try TokenizerTarget.use(tokenizer, recorder)
        try recorder.attempt("as GGUF") { try tokenizer.ggufMetadata() }
    }

    /// `vocab.json` and, from its first line on, `merges.txt`, which are one input.
    static func parts(_ input: [UInt8]) -> (vocabulary: [UInt8], merges: [UInt8]) {
        guard let start = Foundation.Data(input).range(of: Foundation.Data("#version".utf8))?.lowerBound else { return (input, []) }
        return (Array(input[..<start]), Array(input[start...]))
    }

    private static func configurations(_ format: FuzzFormat) -> [String] {
        let classes: [String]
        switch format {
        case .vocab: classes = ["GPT2Tokenizer", "Qwen2Tokenizer", "RobertaTokenizer", "CLIPTokenizer", "WhisperTokenizer"]
        case .vocabtxt:
            return [
                #"{"tokenizer_class":"BertTokenizer"}"#, #"{"tokenizer_class":"BertTokenizer","do_lower_case":false}"#,
                #"{"tokenizer_class":"BertTokenizer","strip_accents":false,"tokenize_chinese_chars":false}"#,
            ]
        case .sentencepiece:
            classes = [
                "LlamaTokenizer", "T5Tokenizer", "XLMRobertaTokenizer", "GemmaTokenizer", "AlbertTokenizer", "PreTrainedTokenizerFast",
            ]
        case .tiktoken: classes = ["QWenTokenizer", "PreTrainedTokenizerFast", "TikTokenTokenizer"]
        default: classes = ["PreTrainedTokenizerFast"]
        }
        return classes.map { #"{"tokenizer_class":"\#($0)"}"# } + ["{}"]
    }
}
