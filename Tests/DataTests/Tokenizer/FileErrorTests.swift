import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Files of tokenizers that are damaged, hostile or of a kind that is not supported.
@Suite struct FileErrorTests {
    /// The error of reading a folder of these files.
    private func error(_ files: [String: [UInt8]]) throws -> String {
        let folder = try FileFixture.folder(files)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do throws(TokenizerError) {
            _ = try TokenizerDescription(folder: folder)
            return "none"
        } catch {
            return error.description.replacing(folder, with: "…")
        }
    }

    private func error(texts: [String: String]) throws -> String { try error(texts.mapValues { Array($0.utf8) }) }

    @Test func complaintsNameTheFileAndTheWayOut() throws {
        #expect(try error([:]).contains("none of tokenizer.json, tekken.json, tokenizer.model"))
        let gpt2 = #"{"tokenizer_class": "GPT2Tokenizer"}"#
        #expect(
            try error(texts: ["vocab.json": #"{"a": 0}"#, "tokenizer_config.json": gpt2]).contains("…/merges.txt: there is no such file"))
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 499723\n"
        for name in ["tokenizer.model", "tokenizer.json", "tekken.json"] {
            #expect(try error(texts: [name: pointer]).contains("\(name): is a Git LFS pointer, not the file itself"))
        }
        #expect(try error(texts: ["vocab.txt": "a\n"]).contains("nothing says how the text for vocab.txt is cut into words"))
        #expect(try error(texts: ["vocab.json": "{}", "merges.txt": ""]).contains("nothing says how the text for vocab.json"))
        #expect(
            try error(texts: ["tokenizer_config.json": #"{"tokenizer_class": "MarianTokenizer"}"#, "vocab.json": "{}"])
                .contains("the class 'MarianTokenizer' is a program in Python"))
        #expect(
            try error(texts: ["tokenizer_config.json": #"{"tokenizer_class": "BertTokenizer"}"#, "vocab.json": "{}"])
                .contains("'BertTokenizer' has a model of the kind WordPiece, which vocab.json is not"))
        let ranks = try FileFixture.bytes("ranks.tiktoken")
        #expect(try error(["x.tiktoken": ranks]).contains("none of"))
        #expect(try error(["tokenizer.model": ranks]).contains("nothing says how the text for tokenizer.model is cut"))
        let own = #"{"tokenizer_class": "TikTokenTokenizer", "auto_map": {"AutoTokenizer": ["a.B", null]}}"#
        #expect(
            try error(["tiktoken.model": ranks, "tokenizer_config.json": Array(own.utf8)])
                .contains("the class 'TikTokenTokenizer' does not say how the text for tiktoken.model"))
        let unigram = try error([
            "tokenizer.model": FileFixture.bytes("unigram.model"),
            "tokenizer_config.json": Array(#"{"tokenizer_class": "LlamaTokenizer"}"#.utf8),
        ])
        #expect(unigram.contains("'LlamaTokenizer' has a model of the kind BPE, and that of tokenizer.model is Unigram"))
    }

    @Test func mergesThatAreNotTwoTokensAreRefused() throws {
        for (merges, complaint) in [
            ("#version: 0.2\na b c\n", "merges[1]"), ("a b\n\n", "merges[1]"), ("a\n", "merges[0]"), ("a c\n", "names 'c'"),
        ] {
            let folder = try TokenizerFixture.folder(files: [
                "vocab.json": #"{"a": 0, "b": 1, "ab": 2}"#, "merges.txt": merges, "config.json": #"{"model_type": "gpt2"}"#,
            ])
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(folder: folder) }
            #expect(error?.description.contains(complaint) ?? false, "\(merges): \(error?.description ?? "")")
        }
    }

    @Test func ranksThatAreNotAllThereAreRefused() throws {
        let config = #"{"tokenizer_class": "PreTrainedTokenizerFast"}"#
        let model = #"{"model_type": "llama"}"#
        let lines = try FileFixture.text("ranks.tiktoken").split(separator: "\n").map(String.init)
        for (lines, complaint) in [
            (lines.filter { !$0.hasSuffix(" 65") }, "none of the rank 65"), (lines + [lines[3]], "the rank 3 is there twice"),
            (lines + ["IQ== \(lines.count)"], "has the bytes of rank 33"), (lines + ["!! 9999"], "line \(lines.count + 1): is not a token"),
            (lines + ["IQ== x"], "is not a token"), (lines + ["IQ== 99999999999999999999"], "is not a token"),
        ] {
            let text = lines.joined(separator: "\n")
            let error = try error(texts: ["tokenizer.model": text, "tokenizer_config.json": config, "config.json": model])
            #expect(error.contains(complaint), "\(error)")
        }
        let far = #"{"tokenizer_class": "LlamaTokenizer", "added_tokens_decoder": {"2000000000": {"content": "x"}}}"#
        #expect(
            try error(texts: ["tokenizer.model": lines.joined(separator: "\n"), "tokenizer_config.json": far])
                .contains("far beyond the"))
    }

    @Test func tekkenFilesThatContradictThemselvesAreRefused() throws {
        let file = try TokenizerFixture.json(at: FileFixture.path("tekken.json"))
        for (change, complaint) in [
            ({ $0["config"] = .null }, "config.default_vocab_size"), ({ $0["vocab"] = [] }, "has no tokens"),
            ({ $0["special_tokens"] = [["rank": 1, "token_str": "x"]] }, "none of them has the rank 0"),
            ({ $0["special_tokens"] = [["rank": 0, "token_str": "x"], ["rank": 0, "token_str": "y"]] }, "is there twice"),
            ({ $0["special_tokens"] = [["rank": -1, "token_str": "x"]] }, "is not a number of tokens"),
            ({ $0["vocab"] = [["rank": 0, "token_bytes": "??"]] }, "vocab[0].token_bytes: is not Base64"),
            ({ $0["vocab"] = [["rank": 7, "token_bytes": "IQ=="]] }, "vocab[0].rank: is not 0"),
            (
                { $0["config"] = ["pattern": "a", "default_num_special_tokens": 2_000_000_000] },
                "config.default_num_special_tokens: is not a number of tokens"
            ),
        ] as [((inout JSONObject) -> Void, String)] {
            var root = try #require(file.object)
            change(&root)
            if complaint.hasPrefix("config.default_vocab") {
                #expect(try error(texts: ["tekken.json": JSON.object(root).serialized]).contains("config.pattern: is missing"))
            } else {
                let error = try error(texts: ["tekken.json": JSON.object(root).serialized])
                #expect(error.contains(complaint), "\(error)")
            }
        }
    }

    /// Files cut off at each byte, and files with bytes changed, are read or refused, and quickly.
    @Test func damagedFilesAreReadOrRefused() throws {
        var random = SystemRandomNumberGenerator.seeded(7)
        for (name, target, config) in [
            ("bpe.model", "tokenizer.model", #"{"tokenizer_class": "LlamaTokenizer"}"#), ("bpe-user.model", "tokenizer.model", "{}"),
            ("unigram.model", "spiece.model", #"{"tokenizer_class": "T5Tokenizer"}"#), ("tekken.json", "tekken.json", "{}"),
            ("ranks.tiktoken", "qwen.tiktoken", "{}"), ("vocab.txt", "vocab.txt", #"{"tokenizer_class": "BertTokenizer"}"#),
        ] {
            let whole = try FileFixture.bytes(name)
            let folder = try FileFixture.folder(["tokenizer_config.json": Array(config.utf8)])
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var readCount = 0
            for round in 0..<60 {
                var bytes = whole
                if round < 20 {
                    bytes.removeLast(Int(random.next() % UInt64(whole.count)))
                } else {
                    for _ in 0...round % 5 { bytes[Int(random.next() % UInt64(whole.count))] = UInt8(truncatingIfNeeded: random.next()) }
                }
                try Foundation.Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(target)"))
                if let tokenizer = try? Tokenizer(folder: folder) {
                    readCount += 1
                    // A vocabulary may lack the token for what is unknown, which only a text shows.
                    if let ids = try? tokenizer.encode("Hello, 世界 ab c <u>") { _ = tokenizer.decode(ids) }
                }
            }
            #expect(readCount < 60, "\(name)")
        }
    }

    @Test func protocolBuffersOfAnyBytesAreReadOrRefused() {
        for bytes in [
            [], [0], [0x0A], [0x0A, 0xFF], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x0A, 0x80], [0x0B], [0x0C],
            [0x0D, 1, 2, 3], [0x09, 1], Array(repeating: 0xFF, count: 40),
            [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        ] as [[UInt8]] {
            #expect(throws: TokenizerError.self) { try SentencePieceModel(bytes, file: "x") }
        }
        // A piece of the type 99, one without text, and one whose score is not a number.
        for piece in [[0x0A, 1, 0x61, 0x18, 99], [0x0A, 0], [0x0A, 1, 0x61, 0x15, 0, 0, 0xC0, 0x7F], [0x0A, 1, 0xFF]] as [[UInt8]] {
            let error = #expect(throws: TokenizerError.self) {
                try SentencePieceModel([0x0A, UInt8(piece.count)] + piece, file: "x")
            }
            #expect(error?.description.contains("pieces[0]") ?? false)
        }
    }

    @Test func vocabulariesWithPiecesOfAnyLengthAreRefused() throws {
        // Every way to cut a piece in two is looked at.
        let piece: [UInt8] = Array(repeating: 0x61, count: 5000)
        let length: [UInt8] = [0x88, 0x27]
        let body = [0x0A] + length + piece
        let model: [UInt8] = [0x0A, UInt8(truncatingIfNeeded: body.count & 0x7F | 0x80), UInt8(body.count >> 7)] + body
        let error = #expect(throws: TokenizerError.self) { try SentencePieceModel(model, file: "x") }
        #expect(error?.description.contains("longer than those of any vocabulary") ?? false, "\(error?.description ?? "")")
    }

    /// A file can be named where the folder would be read from another one.
    @Test func aFileIsReadByItsPath() throws {
        let folder = try FileFixture.folder([
            "tokenizer.json": Array(
                try TokenizerFixture.json(at: FileFixture.path("classes.json"))["bases"]?["bytes"]?.serialized.utf8 ?? "".utf8),
            "tokenizer.model": try FileFixture.bytes("bpe.model"), "vocab.json": try FileFixture.bytes("vocab.json"),
            "merges.txt": try FileFixture.bytes("merges.txt"), "tekken.json": try FileFixture.bytes("tekken-old.json"),
            "tokenizer_config.json": Array(#"{"tokenizer_class": "LlamaTokenizer"}"#.utf8),
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(Tokenizer.file(in: folder) == "\(folder)/tokenizer.json")
        let text = "Hello, world!"
        let ids = try ["tokenizer.model", "tekken.json"].map { try Tokenizer(file: "\(folder)/\($0)").encode(text) }
        #expect(ids[0] != ids[1])
        let folderIDs = try Tokenizer(folder: folder).encode(text)
        #expect(folderIDs != ids[0])
        #expect(try TokenizerFile(path: "\(folder)/merges.txt").path == "\(folder)/vocab.json")
        #expect(throws: TokenizerError.self) { try Tokenizer(file: "\(folder)/model.safetensors") }
        #expect(throws: TokenizerError.self) { try Tokenizer(file: "\(folder)/spiece.model") }
    }
}

extension SystemRandomNumberGenerator {
    /// Numbers that are the same each time.
    fileprivate static func seeded(_ seed: UInt64) -> SplitMix { SplitMix(state: seed) }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
