import Data
import Foundation
import Tensor
import TestSupport

/// A tokenizer of one token a byte, and of the merges, special tokens and template that a test gives it.
enum TestTokenizer {
    /// - Parameter merges: In the letters of byte-level vocabularies, where Ġ is a space and Ċ a line feed.
    static func make(
        special: [String], bos: String?, eos: String?, pad: String?, template: String?, toolTemplate: String? = nil,
        merges: [(String, String)] = []
    ) throws -> Tokenizer {
        var vocabulary = JSONObject()
        for byte in 0..<256 { vocabulary[symbol(byte)] = .integer(byte) }
        for (index, merge) in merges.enumerated() { vocabulary[merge.0 + merge.1] = .integer(256 + index) }
        let added = special.enumerated().map { index, text -> JSON in
            [
                "id": .integer(256 + merges.count + index), "content": .string(text), "special": true, "lstrip": false,
                "rstrip": false,
                "normalized": false, "single_word": false,
            ]
        }
        let tokenizer: JSON = [
            "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added), "normalizer": nil,
            "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true],
            "post_processor": nil,
            "decoder": ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true],
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
                "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
                "vocab": .object(vocabulary), "merges": .array(merges.map { .array([.string($0.0), .string($0.1)]) }),
            ],
        ]
        var configuration = JSONObject()
        configuration["bos_token"] = bos.map { .string($0) } ?? .null
        configuration["eos_token"] = eos.map { .string($0) } ?? .null
        configuration["pad_token"] = pad.map { .string($0) } ?? .null
        if let template { configuration["chat_template"] = .string(template) }
        if let template, let toolTemplate {
            configuration["chat_template"] = [
                ["name": "default", "template": .string(template)], ["name": "tool_use", "template": .string(toolTemplate)],
            ]
        }
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Array(tokenizer.serialized.utf8).write(to: folder + "/tokenizer.json")
        try Array(JSON.object(configuration).serialized.utf8).write(to: folder + "/tokenizer_config.json")
        return try Tokenizer(folder: folder)
    }

    /// The character that stands for a byte in byte-level vocabularies.
    private static func symbol(_ byte: Int) -> String {
        func isPlain(_ byte: Int) -> Bool {
            (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
        }
        let code = isPlain(byte) ? byte : 256 + (0..<byte).count { !isPlain($0) }
        return Unicode.Scalar(UInt32(code)).map { String($0) } ?? ""
    }

    /// MiniMind's template of 2024, with a system message in the layout of the other turns.
    static let minimindTemplate =
        #"{% for message in messages %}{% set content = message['content'] %}{% if message['role'] == 'system' %}{{ '<s>system\n' + content + '</s>\n' }}{% endif %}{% if message['role'] == 'user' %}{{ '<s>user\n' + content + '</s>\n<s>assistant\n' }}{% elif message['role'] == 'assistant' %}{{ content + '</s>' + '\n' }}{% endif %}{% endfor %}"#

    static func minimind(template: String? = minimindTemplate) throws -> Tokenizer {
        try make(special: ["<pad>", "<s>", "</s>"], bos: "<s>", eos: "</s>", pad: "<pad>", template: template)
    }
}

extension [UInt8] {
    func write(to path: String) throws {
        try withUnsafeBytes { Foundation.Data($0) }.write(to: URL(fileURLWithPath: path))
    }
}
