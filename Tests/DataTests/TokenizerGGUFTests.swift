import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Tokenizers in GGUF files, against llama.cpp.
@Suite struct TokenizerGGUFTests {
    /// The table of names is complete: that of the fixture, which llama.cpp itself was asked about.
    @Test func everyPreTokenizerIsKnown() throws {
        let names = try #require(FormatFixture.json("../gguf/names.json").object)
        #expect(Set(names.keys) == Set(GGUFPreTokenizer.all.map(\.name)) && GGUFPreTokenizer.all.count == names.keys.count)
        for row in GGUFPreTokenizer.all { #expect(names[row.name]?["adds_bos"]?.bool == row.addsBOS, "\(row.name)") }
    }

    @Test func preTokenizersEncodeLikeLlamaCpp() throws {
        let rows = GGUFPreTokenizer.all.filter { !GGUFKindFixture.needsRegularExpressions($0) }
        #expect(rows.count == 53)
        for row in rows { try GGUFKindFixture.expectIDs(of: row) }
    }

    @Test func sentencePieceEncodesLikeLlamaCpp() throws {
        let golden = try FormatFixture.json("gguf.json")
        for (name, prefix) in [("spm", true), ("spm-without-prefix", false)] {
            var metadata = try FormatFixture.gguf("spm")
            metadata["tokenizer.ggml.add_space_prefix"] = .bool(prefix)
            let tokenizer = try Tokenizer(gguf: metadata)
            #expect(tokenizer.addsBOS && golden[name]?["adds_bos"] == true)
            try FormatFixture.expectIDs(tokenizer, try #require(golden[name]), name)
            for text in ["Hello, world!", "  你好 🤖 e\u{301}\n", "a  b"] {
                #expect(try tokenizer.decode(tokenizer.encode(text)) == text, "\(name)")
            }
        }
    }

    /// SmolLM2-135M-Instruct's own file, where the peers brought it.
    @Test(.enabled(if: Peers.smolLM2 != nil, "there is no SmolLM2-135M-Instruct.gguf; make peers brings it"))
    func publishedFileEncodesLikeLlamaCpp() throws {
        let path = try #require(Peers.smolLM2)
        let tokenizer = try Tokenizer(gguf: GGUFFile.read(path), name: path)
        try FormatFixture.expectIDs(tokenizer, FormatFixture.json("smollm2.json"), "SmolLM2")
        #expect((tokenizer.bosID, tokenizer.eosID, tokenizer.padID, tokenizer.unkID) == (1, 2, 2, 0))
        #expect(tokenizer.endIDs == [0, 2] && tokenizer.vocabularySize == 49152 && !tokenizer.addsBOS)
        let template = try ChatTemplate(source: #require(tokenizer.chatTemplate))
        #expect(LossMaskRule.detect(tokenizer: tokenizer, template: template) == .answers)
        let encoder = ConversationEncoder(try ChatFormat(tokenizer), maximumLength: 100)
        let sample = try encoder.sample(
            Conversation(messages: [Message(role: "user", content: "Hi"), Message(role: "assistant", content: "\n  Yes.")]))
        let counted = zip(sample.ids, sample.mask).filter(\.1).map(\.0)
        #expect(tokenizer.decode(counted) == "\n\n  Yes.<|im_end|>" || tokenizer.decode(counted) == "\n  Yes.<|im_end|>")
        for text in try FormatFixture.texts() { #expect(try tokenizer.decode(tokenizer.encode(text)) == text) }
    }

    @Test func rolesAndTypes() throws {
        let tokenizer = try Tokenizer(gguf: FormatFixture.gguf("bpe"))
        #expect((tokenizer.bosID, tokenizer.eosID, tokenizer.padID, tokenizer.unkID) == (1, 2, nil, nil))
        #expect(tokenizer.bosToken == "<|im_start|>" && tokenizer.chatTemplate == "{{ messages }}")
        #expect(tokenizer.endIDs == [0, 2])
        #expect(tokenizer.isSpecial(1))
        // Found in text, but no special token.
        let think = try #require(tokenizer.id(of: "<think>"))
        #expect(try tokenizer.encode("<think>") == [think] && !tokenizer.isSpecial(think))
        #expect(tokenizer.decode([think], skipSpecialTokens: true) == "<think>")
        // An unused token is not.
        let unused = try #require((0..<Int32(tokenizer.vocabularySize)).first { tokenizer.decode([$0]).hasPrefix("[PAD") })
        #expect(try tokenizer.encode(tokenizer.decode([unused])).count > 1)

        var metadata = try FormatFixture.gguf("bpe")
        metadata["tokenizer.ggml.eot_token_id"] = .uint32(9)
        metadata["tokenizer.ggml.padding_token_id"] = .uint32(.max)
        metadata["tokenizer.ggml.token_type"] = nil
        let untyped = try Tokenizer(gguf: metadata)
        #expect(untyped.endIDs.isSuperset(of: [0, 2, 9]) && untyped.padID == nil)
        // llama.cpp takes a word that is spelled as an end for one.
        #expect(try untyped.encode("<|im_end|>") == [2])
    }

    /// llama.cpp finds some tokens in text by their spelling, whatever their type.
    @Test func spellingsMakeSpecialTokens() throws {
        var metadata = try FormatFixture.gguf("bpe")
        let tokens = try #require(metadata["tokenizer.ggml.tokens"]?.strings)
        let types = try #require(metadata["tokenizer.ggml.token_type"]?.ints)
        func tokenizer(_ added: [(String, Int)], _ keys: [String: GGUFValue] = [:]) throws -> Tokenizer {
            metadata["tokenizer.ggml.tokens"] = .array(.string(tokens + added.map(\.0)))
            metadata["tokenizer.ggml.token_type"] = .array(.int64((types + added.map(\.1)).map(Int64.init)))
            var metadata = metadata
            for (key, value) in keys { metadata[key] = value }
            return try Tokenizer(gguf: metadata, name: "a.gguf")
        }
        let first = Int32(tokens.count)
        let shown = try tokenizer([("<|channel|>", 3), ("<EOT>", 1), ("<fim_prefix>", 1), ("<x>", 1)])
        #expect(try shown.encode("<|channel|><EOT><fim_prefix>") == [first, first + 1, first + 2])
        #expect(!shown.isSpecial(first) && shown.isSpecial(first + 1) && shown.isSpecial(first + 2))
        #expect(try shown.encode("<x>").count > 1)
        // A key that names another token for the role.
        let named = try tokenizer([("<fim_prefix>", 1)], ["tokenizer.ggml.fim_pre_token_id": .uint32(5)])
        #expect(try named.encode("<fim_prefix>").count > 1)
        // Where calls are, this is no end.
        let calls = try tokenizer([("<|end|>", 3), ("<|return|>", 3), ("<|call|>", 3)])
        #expect(try calls.encode("<|end|>") == [first] && !calls.isSpecial(first))
        let gemma = try tokenizer([("</s>", 3), ("<|tool_response>", 3)])
        #expect(try gemma.encode("</s>").count > 1)
        // Two tokens of one role, of which llama.cpp takes any.
        let error = #expect(throws: TokenizerError.self) { try tokenizer([("<fim_prefix>", 1), ("<PRE>", 1)]) }
        #expect(error?.description.contains("'<fim_prefix>' and '<PRE>' have the same role") == true)
        // The models of this name take white space along.
        let phi = try tokenizer([("<|user|>", 3)], ["general.name": .string("Phi-3 mini")])
        #expect(try phi.encode("<|user|>\n x") == [first] + phi.encode("x"))
        // A word that only fills up rows is still a word.
        let bang = try #require(tokens.firstIndex(of: "!"))
        let filled = try tokenizer([], ["tokenizer.ggml.padding_token_id": .uint32(UInt32(bang))])
        #expect(try filled.padID == nil && filled.encode("a!b") == tokenizer([]).encode("a!b"))
    }

    // MARK: Export

    /// However `tokenizer.json` spells a way to cut text, it has the one name.
    @Test func spellingsOfOneCutHaveOneName() throws {
        func name(_ json: String, ignoresMerges: Bool = false) throws -> String? {
            GGUFPreTokenizer.row(for: try JSON(parsing: Foundation.Data(json.utf8)), ignoresMerges: ignoresMerges)?.name
        }
        func split(_ regex: String, _ behavior: String = "Isolated", invert: Bool = false) -> String {
            let regex = JSON.string(regex).serialized
            return #"{"type": "Split", "pattern": {"Regex": \#(regex)}, "behavior": "\#(behavior)", "invert": \#(invert)}"#
        }
        func sequence(_ stages: String...) -> String {
            #"{"type": "Sequence", "pretokenizers": [\#(stages.joined(separator: ", "))]}"#
        }
        let bytes = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#
        let words = #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false}"#
        let cl100k = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        // Published files have the line ends themselves.
        let deepSeek = try #require(GGUFSplit.deepSeekV3.last).replacing(#"[\r\n]*|\s*"#, with: "[\r\n]*|\\s*")
        #expect(try name(words) == "gpt-2" && name(sequence(sequence(words))) == "gpt-2")
        #expect(try name(sequence(split(GGUFSplit.gpt2Words), bytes)) == "gpt-2")
        #expect(try name(sequence(#"{"type": "Digits", "individual_digits": true}"#, words)) == "smollm")
        #expect(try name(sequence(split(#"\p{N}"#), words)) == "smollm")
        #expect(try name(sequence(split(cl100k), bytes)) == "chatglm-bpe")
        let possessive = #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
        #expect(try name(sequence(split(possessive), bytes)) == "chatglm-bpe")
        #expect(try name(sequence(split(cl100k, "Removed", invert: true), bytes), ignoresMerges: true) == "llama-bpe")
        #expect(try name(sequence(split(#"\p{N}{1,3}"#), split("[一-龥\u{3040}-ゟ゠-ヿ]+"), split(deepSeek), bytes)) == "deepseek-v3")
        for row in GGUFPreTokenizer.all {
            let found = try #require(GGUFPreTokenizer.row(for: row.definition, ignoresMerges: row.ignoresMerges), "\(row.name)")
            #expect(found.expressions == row.expressions)
        }
        // Other cuts.
        #expect(try name(bytes) == nil && name(sequence(split(cl100k, "Removed"), bytes)) == nil)
        #expect(try name(sequence(split(cl100k, invert: true), bytes)) == nil && name(split(cl100k)) == nil)
        #expect(try name(sequence(bytes, split(cl100k))) == nil && name("null") == nil && name("{}") == nil)
        #expect(try name(#"{"type": "ByteLevel"}"#) == nil && name(sequence(split("x"), bytes)) == nil)
    }

    private func metadata(_ entries: [(key: String, value: GGUFValue)]) -> GGUFMetadata {
        var metadata = GGUFMetadata()
        for (key, value) in entries { metadata[key] = value }
        return metadata
    }

    @Test func exportedMetadataIsTheSameTokenizer() throws {
        let texts = try FormatFixture.texts()
        let folder = TokenizerFixture.path("tiny")
        var tokenizers = [("tiny", try Tokenizer(folder: folder))]
        for name in ["bpe", "spm"] { tokenizers.append((name, try Tokenizer(gguf: FormatFixture.gguf(name)))) }
        for name in GGUFPreTokenizer.all.prefix(7).map(\.name) {
            var metadata = try FormatFixture.gguf("bpe")
            metadata["tokenizer.ggml.pre"] = .string(name)
            let tokenizer = try Tokenizer(gguf: metadata)
            #expect(try self.metadata(tokenizer.ggufMetadata())["tokenizer.ggml.pre"] == .string(name))
            tokenizers.append((name, tokenizer))
        }
        for (name, tokenizer) in tokenizers {
            let size = tokenizer.vocabularySize + 24
            let exported = metadata(try tokenizer.ggufMetadata(vocabularySize: size))
            let again = try Tokenizer(gguf: exported)
            for text in texts { #expect(try again.encode(text) == tokenizer.encode(text), "\(name): \(text.debugDescription)") }
            for id in 0..<Int32(tokenizer.vocabularySize) {
                #expect(again.bytes(of: id) == tokenizer.bytes(of: id) && again.isSpecial(id) == tokenizer.isSpecial(id), "\(name): \(id)")
            }
            #expect(again.bosID == tokenizer.bosID && again.eosID == tokenizer.eosID && again.padID == tokenizer.padID)
            #expect(again.unkID == tokenizer.unkID && again.chatTemplate == tokenizer.chatTemplate)
            #expect(again.addsBOS == tokenizer.addsBOS && again.vocabularySize == tokenizer.vocabularySize)
            let tokens = try #require(exported["tokenizer.ggml.tokens"]?.strings)
            let types = try #require(exported["tokenizer.ggml.token_type"]?.ints)
            #expect(tokens.count == size && tokens.last == "[PAD\(size - 1)]" && types.count == size && types.last == 5)
        }
    }

    /// A `tokenizer.json` of SentencePiece has merges and no scores.
    @Test func mergesBecomeScores() throws {
        let spm = try FormatFixture.json("spm.json").serialized
        let folder = try TokenizerFixture.folder(files: [
            "tokenizer.json": spm, "tokenizer_config.json": #"{"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}"#,
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tokenizer = try Tokenizer(folder: folder)
        let exported = metadata(try tokenizer.ggufMetadata())
        #expect(exported["tokenizer.ggml.token_type"] == (try FormatFixture.gguf("spm"))["tokenizer.ggml.token_type"])
        let again = try Tokenizer(gguf: exported)
        for text in try FormatFixture.texts() { #expect(try again.encode(text) == tokenizer.encode(text), "\(text.debugDescription)") }
    }

    @Test func whatGGUFCannotSay() throws {
        func reason(fields: JSONObject = [:], model: JSONObject = [:], settings: String = "{}", size: Int? = nil) throws -> String {
            let folder = try TokenizerFixture.folder(fields: fields, model: model, files: ["tokenizer_config.json": settings])
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let tokenizer = try Tokenizer(folder: folder)
            let error = #expect(throws: TokenizerError.self) { try tokenizer.ggufMetadata(vocabularySize: size) }
            guard case .notExportable(let reason)? = error else { return "\(String(describing: error))" }
            #expect(error?.description.contains("\n") == false)
            return reason
        }
        #expect(try reason(size: 599).contains("599 rows"))
        #expect(try reason(size: 1 << 25).contains("more than a file can list"))
        #expect(try reason(fields: ["normalizer": ["type": "Lowercase"]]).contains("normalizer"))
        #expect(try reason(fields: ["pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": true]]).contains("no name"))
        #expect(try reason(model: ["ignore_merges": true]).contains("no name"))
        #expect(try reason(settings: #"{"split_special_tokens": true}"#).contains("special tokens"))
        #expect(
            try reason(fields: ["added_tokens": [["id": 600, "content": "a\nb", "lstrip": true]]]).contains("'a b'"))
        #expect(
            try reason(fields: ["added_tokens": [["id": 600, "content": "<x>", "special": true, "rstrip": true]]]).contains("'<x>'"))
    }

    // MARK: Hostile metadata

    /// The error of a committed file with other metadata, which has to be one line.
    private func error(_ name: String = "bpe", _ change: (inout GGUFMetadata) -> Void) throws -> String {
        var metadata = try FormatFixture.gguf(name)
        change(&metadata)
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: metadata, name: "a.gguf") }
        let description = error?.description ?? ""
        #expect(!description.contains { $0.isNewline } && description.hasPrefix("a.gguf: tokenizer."))
        return description
    }

    @Test func hostileVocabularies() throws {
        let tokens = try #require(FormatFixture.gguf("bpe")["tokenizer.ggml.tokens"]?.strings)
        func error(replacing id: Int, by token: String) throws -> String {
            try self.error { metadata in
                var other = tokens
                other[id] = token
                metadata["tokenizer.ggml.tokens"] = .array(.string(other))
            }
        }
        #expect(try error(replacing: 9, by: tokens[8]).contains("tokens[9]: '\(tokens[8])' is also token 8"))
        #expect(try error(replacing: 300, by: "zzz\n").contains("merges["))
        #expect(try self.error { $0["tokenizer.ggml.tokens"] = nil }.contains("tokens: is missing"))
        #expect(try self.error { $0["tokenizer.ggml.tokens"] = .array(.string([])) }.contains("tokens: is empty"))
        #expect(try self.error { $0["tokenizer.ggml.tokens"] = .string("a") }.contains("tokens: is not a list"))
        #expect(try self.error { $0["tokenizer.ggml.tokens"] = .array(.int32([1])) }.contains("tokens: is not a list"))
        #expect(try self.error { $0["tokenizer.ggml.model"] = .string("t5\n") }.contains("model: the tokenizer 't5 '"))
        #expect(try self.error { $0["tokenizer.ggml.model"] = nil }.contains("model: is missing"))
        #expect(try self.error { $0["tokenizer.ggml.pre"] = .string("kimi-k3") }.contains("pre: the pre-tokenizer 'kimi-k3' is"))
        #expect(try self.error { $0["tokenizer.ggml.pre"] = .string("gemma4") }.contains("'gemma4', which takes runs of line feeds"))
        for (model, reason) in [("rwkv", "RWKV"), ("plamo2", "PLaMo 2"), ("no_vocab", "no vocabulary"), ("gemma4", "Gemma 4")] {
            #expect(try self.error { $0["tokenizer.ggml.model"] = .string(model) }.contains(reason))
        }
        #expect(try self.error { $0["tokenizer.ggml.pre"] = .bool(true) }.contains("pre: is not a text"))
    }

    @Test func hostileTypesAndIDs() throws {
        #expect(try error { $0["tokenizer.ggml.token_type"] = .array(.int32([1, 3])) }.contains("has 2 types for"))
        let count = try #require(FormatFixture.gguf("bpe")["tokenizer.ggml.tokens"]?.strings).count
        for type in [0, 7, -1, Int64.max] {
            var types = [Int64](repeating: 1, count: count)
            types[5] = type
            #expect(try error { $0["tokenizer.ggml.token_type"] = .array(.int64(types)) }.contains("token_type[5]: is \(type)"))
        }
        #expect(try error { $0["tokenizer.ggml.token_type"] = .array(.string(["1"])) }.contains("is not a list of integers"))
        for key in ["bos", "eos", "unknown", "padding", "eot"] {
            let values: [GGUFValue] = [
                .uint32(UInt32(count)), .int32(-2), .uint64(.max), .int64(.min), .string("1"), .float32(1), .bool(true),
            ]
            for value in values {
                let description = try error { $0["tokenizer.ggml.\(key)_token_id"] = value }
                #expect(description.contains("\(key)_token_id: is not the id of one of \(count) tokens"), "\(value)")
            }
        }
        #expect(try error { $0["tokenizer.ggml.add_bos_token"] = .uint8(1) }.contains("add_bos_token: is not true or false"))
        #expect(try error { $0["tokenizer.chat_template"] = .array(.uint8([0xFF])) }.contains("chat_template: is not a text"))
    }

    @Test func hostileMerges() throws {
        func error(_ merge: String) throws -> String { try self.error { $0["tokenizer.ggml.merges"] = .array(.string([merge])) } }
        for merge in ["", "ab", "a  b", "a b ", " ", "a b c"] { #expect(try error(merge).contains("merges[")) }
        #expect(try error("\u{7}x y").contains("names ' x', which is not in tokenizer.ggml.tokens"))
        #expect(try self.error { $0["tokenizer.ggml.merges"] = nil }.contains("merges: is missing"))
        #expect(try self.error { $0["tokenizer.ggml.merges"] = .array(.float32([1])) }.contains("merges: is not a list"))
    }

    @Test func hostileScores() throws {
        let scores = try #require(FormatFixture.gguf("spm")["tokenizer.ggml.scores"]?.floats)
        func error(_ scores: [Float]?) throws -> String {
            try self.error("spm") { $0["tokenizer.ggml.scores"] = scores.map { .array(.float32($0)) } }
        }
        #expect(try error(nil).contains("scores: is missing"))
        #expect(try error([1]).contains("has 1 scores for"))
        var other = scores
        other[4] = .nan
        #expect(try error(other).contains("scores[4]: is not a number"))
        #expect(
            try self.error("spm") { metadata in
                var tokens = metadata["tokenizer.ggml.tokens"]?.strings ?? []
                tokens[9] = String(repeating: "a", count: 5000)
                metadata["tokenizer.ggml.tokens"] = .array(.string(tokens))
            }.contains("tokens[9]: is 5000 bytes long"))
        // Infinite and equal scores are scores: of equals the one furthest left goes first.
        for value: Float in [.infinity, -.infinity, 0] {
            var metadata = try FormatFixture.gguf("spm")
            metadata["tokenizer.ggml.scores"] = .array(.float32(Array(repeating: value, count: scores.count)))
            let tokenizer = try Tokenizer(gguf: metadata)
            #expect(try tokenizer.decode(tokenizer.encode("Hello, world!")) == "Hello, world!")
        }
    }

    /// A long text is one word.
    @Test(arguments: ["a", " ", "的", "\u{1F996}", "the quick "])
    func longTextsTakeNoQuadraticTime(unit: String) throws {
        let tokenizer = try Tokenizer(gguf: FormatFixture.gguf("spm"))
        let text = String(repeating: unit, count: 50_000)
        #expect(try computed(within: 60) { try tokenizer.decode(tokenizer.encode(text)) } == text)
    }
}
