import Data
import Foundation
import Tensor
import TestSupport
import Testing

/// Tokenizers with added tokens go to other libraries.
@Suite("Round trips: added tokens", .enabled(if: Peers.isAvailable, "\(Peers.absence)"))
struct AddedTokenRoundTrips {
    private static let tokens = [
        AddedToken("<new>"), AddedToken("<sp>", isSpecial: true), AddedToken("foo bar", isNormalized: false), AddedToken("你好呀"),
        AddedToken("Teil", isSpecial: true, isNormalized: false), AddedToken("er", isNormalized: false),
    ]
    /// GGUF has no other switches.
    private static let plain = tokens.map { AddedToken($0.content, isSpecial: $0.isSpecial, isNormalized: false) }
    private static let texts =
        ["", "Hello, world!"]
        + tokens.map(\.content).flatMap { [$0, "x\($0)y", "\($0)\($0)", " \($0) ", "a  \($0)  b\n", "Hello \($0), world. \($0)"] }

    /// A tokenizer of the fixtures' files.
    private static func tokenizer(_ files: [String: String], _ tokenizerClass: String) throws -> Tokenizer {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (target, source) in files {
            try FileManager.default.copyItem(atPath: Paths.fixture("DataTests", source), toPath: "\(folder)/\(target)")
        }
        try Foundation.Data(#"{"tokenizer_class": "\#(tokenizerClass)"}"#.utf8)
            .write(to: URL(fileURLWithPath: folder + "/tokenizer_config.json"))
        return try Tokenizer(folder: folder)
    }

    /// A tokenizer of a fixture's GGUF whose list is filled up with unused tokens.
    private static func gguf(_ name: String) throws -> (tokenizer: Tokenizer, size: Int) {
        let tokenizer = try Tokenizer(gguf: GGUFFile.read(Paths.fixture("DataTests", name)).metadata)
        let size = tokenizer.vocabularySize + 9
        var metadata = GGUFMetadata()
        for (key, value) in try tokenizer.ggufMetadata(vocabularySize: size) { metadata[key] = value }
        return (try Tokenizer(gguf: metadata), size)
    }

    @Test("AutoTokenizer reads the folder as the same tokenizer")
    func transformers() throws {
        try withFolder { folder in
            var tokenizers = [
                try Tokenizer(folder: TinyBase.folder), try Self.tokenizer(["tokenizer.model": "files/bpe.model"], "LlamaTokenizer"),
                try Self.tokenizer(["spiece.model": "files/unigram.model"], "T5Tokenizer"),
                try Self.tokenizer(["vocab.txt": "files/vocab.txt"], "BertTokenizer"),
                try Self.tokenizer(["tekken.json": "files/tekken.json"], "TokenizersBackend"),
                try Self.gguf("formats/bpe.gguf").tokenizer, try Self.gguf("formats/spm.gguf").tokenizer,
            ]
            var commands: [[String]] = []
            for index in tokenizers.indices {
                tokenizers[index] = try tokenizers[index].adding(Self.tokens).tokenizer
                let path = "\(folder)/\(index)"
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                try tokenizers[index].writeHuggingFaceFiles(to: path)
                commands.append(["tokenize", "--tokenizer", path, "--texts", try Peers.json(Self.texts)])
            }
            let answers = try Peers.run(each: commands)
            #expect(answers.count == 7)
            for (index, answer) in answers.enumerated() {
                let rows = try #require(answer.array)
                #expect(rows.count == Self.texts.count)
                for (text, row) in zip(Self.texts, rows) {
                    let ids = try tokenizers[index].encode(text)
                    #expect(row["ids"]?.array?.map(\.integer) == ids.map(Int.init), "\(index): \(text.debugDescription)")
                    #expect(row["text"]?.string == tokenizers[index].decode(ids), "\(index): \(text.debugDescription)")
                }
            }
        }
    }

    @Test("llama.cpp reads the vocabulary as the same tokenizer", .enabled(if: Peers.hasLlama, "\(Peers.absenceOfLlama)"))
    func llama() throws {
        try withFolder { folder in
            let tiny = try Tokenizer(folder: TinyBase.folder)
            var tokenizers = [(tokenizer: tiny, size: tiny.vocabularySize + 20)]
            for name in ["formats/bpe.gguf", "formats/spm.gguf", "gguf/t5.gguf"] { tokenizers.append(try Self.gguf(name)) }
            var commands: [[String]] = []
            for (index, (tokenizer, size)) in tokenizers.enumerated() {
                let (enlarged, ids) = try tokenizer.adding(Self.plain)
                tokenizers[index].tokenizer = enlarged
                #expect(ids.first == Int32(tokenizer.vocabularySize) && enlarged.vocabularySize < size)
                var metadata: GGUFMetadata = ["general.architecture": .string("llama")]
                for (key, value) in try enlarged.ggufMetadata(vocabularySize: size) { metadata[key] = value }
                try GGUFWriter(metadata: metadata).write(to: "\(folder)/\(index).gguf")
                commands.append(["tokenize-llama", "--gguf", "\(folder)/\(index).gguf", "--texts", try Peers.json(Self.texts)])
            }
            let answers = try Peers.run(each: commands)
            #expect(answers.count == 4)
            for (index, answer) in answers.enumerated() {
                let rows = try #require(answer.array)
                #expect(rows.count == Self.texts.count)
                for (text, row) in zip(Self.texts, rows) {
                    let ids = try tokenizers[index].tokenizer.encode(text)
                    #expect(row["ids"]?.array?.map(\.integer) == ids.map(Int.init), "\(index): \(text.debugDescription)")
                }
            }
        }
    }
}
