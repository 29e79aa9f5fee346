import Data
import Foundation
import Tensor

/// Files of conversations, with the tokenizers and templates of several models: samples, masks, batches.
struct ConversationTarget: FuzzTarget {
    private let scratch: Scratch
    private let readers: [(tokenizer: Tokenizer, rule: LossMaskRule)]

    init(_ scratch: Scratch, corpus: String) throws {
        self.scratch = scratch
        let tokenizers = try Corpus(.tokenizer, in: corpus)
        guard let sound = tokenizers.names.firstIndex(of: "bytes.json") else { throw FuzzFailure("no bytes.json among the tokenizers") }
        let folder = try scratch.folder("tokenizer")
        try folder.write("tokenizer.json", tokenizers.seeds[sound])
        try folder.write(
            "tokenizer_config.json", Array(#"{"bos_token":"<|im_start|>","eos_token":"<|im_end|>","pad_token":"<|endoftext|>"}"#.utf8))
        let templates = try Corpus(.template, in: corpus)
        readers = try ["minimind-v2.jinja", "minimind-v3.jinja", "qwen3.jinja"].map { name in
            guard let index = templates.names.firstIndex(of: name) else { throw FuzzFailure("no \(name) among the templates") }
            try folder.write("chat_template.jinja", templates.seeds[index])
            let tokenizer = try Tokenizer(folder: folder.path)
            return (tokenizer, LossMaskRule.detect(tokenizer: tokenizer, template: try ChatTemplate(source: tokenizer.chatTemplate ?? "")))
        }
    }

    func read(_ input: [UInt8], _ recorder: Recorder) throws {
        let path = try scratch.write("input.jsonl", input)
        let reader = readers[input.count % readers.count]
        guard
            let dataset = try recorder.attempt(
                "opened", { try SFTDataset(path: path, tokenizer: reader.tokenizer, maxSequenceLength: 96, lossMaskRule: reader.rule) })
        else { return }
        recorder.accept()
        var samples: [(index: Int, sample: Sample)] = []
        for index in 0..<min(dataset.count, 64) {
            guard let sample = try recorder.attempt("sample", { try dataset[index] }) else { continue }
            guard sample.ids.count == sample.mask.count, sample.ids.count <= 96 else {
                throw FuzzFailure("a sample of \(sample.ids.count) ids")
            }
            samples.append((index, sample))
        }
        try recorder.attempt("batch") {
            for sharesPrefixes in [false, true] { _ = Batch(samples, sharesPrefixes: sharesPrefixes) }
        }
        try recorder.attempt("checked") { try dataset.checkVocabulary(size: 400) }
    }
}
