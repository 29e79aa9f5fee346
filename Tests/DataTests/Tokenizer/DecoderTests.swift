import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// What `make_decoders.py` made.
enum DecoderFixture {
    static func json(_ name: String) throws -> JSON {
        try TokenizerFixture.json(at: Paths.fixture("DataTests", "decoders/\(name)"))
    }

    /// The tokenizer of `base.json` with another field.
    static func tokenizer(_ key: String, _ value: JSON, settings: JSON = [:]) throws -> Tokenizer {
        var root = try #require(json("base.json").object)
        root[key] = value
        return try tokenizer(root, settings: settings)
    }

    static func tokenizer(_ root: JSONObject, settings: JSON = [:]) throws -> Tokenizer {
        let folder = try TokenizerFixture.folder(files: [
            "tokenizer.json": JSON.object(root).serialized, "tokenizer_config.json": settings.serialized,
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try Tokenizer(folder: folder)
    }

    /// The description of the error of a field, which has to have one.
    static func error(_ key: String, _ value: JSON) -> String {
        let error = #expect(throws: TokenizerError.self, "\(value.serialized)") { try tokenizer(key, value) }
        return error?.description ?? ""
    }
}

/// Decoders of all kinds, alone and in sequences, against the `tokenizers` library.
@Suite struct DecoderTests {
    private func rows() throws -> [[Int32]] {
        try #require(DecoderFixture.json("decoders.json")["rows"]?.array).map { row in
            try #require(row.array).map { Int32(try #require($0.integer)) }
        }
    }

    /// Also as a stream, of which a second text starts as the first did.
    @Test func everyChainDecodesLikeTheLibrary() throws {
        let rows = try rows()
        let cases = try #require(DecoderFixture.json("decoders.json")["cases"]?.array)
        try #require(cases.count == 191 && rows.count == 28)
        var compared = 0
        var regexCount = 0
        for expected in cases {
            let decoder = try #require(expected["decoder"])
            let isRegex = decoder.serialized.contains("\"Regex\"")
            #if !Oniguruma
                // Such a build refuses them.
                if isRegex { continue }
            #endif
            regexCount += isRegex ? 1 : 0
            let tokenizer = try DecoderFixture.tokenizer("decoder", decoder, settings: expected["settings"] ?? [:])
            let name = Comment(rawValue: decoder.serialized)
            for (index, row) in rows.enumerated() {
                let texts = [false, true].map { tokenizer.decode(row, skipSpecialTokens: $0) }
                for (text, skips) in zip(texts, [false, true]) {
                    var stream = StreamingDecoder(tokenizer, skipSpecialTokens: skips)
                    for _ in 0..<2 {
                        let streamed = row.map { stream.append($0) }.joined() + stream.finish()
                        #expect(streamed.utf8.elementsEqual(text.utf8), "\(name): \(row)")
                    }
                }
                // The library stops the program where `Strip` has nothing left to look at.
                guard let checksum = try #require(expected["checksums"]?.array)[index].integer else { continue }
                compared += 1
                if let full = expected["full"]?.array, index < full.count {
                    for (text, known) in zip(texts, try #require(full[index].array)) {
                        #expect(try text.utf8.elementsEqual(#require(known.string).utf8), "\(name): \(row)")
                    }
                }
                let bytes = texts.joined(separator: "\0").utf8
                #expect(TokenizerFixture.checksum(bytes.map { UInt32($0) }) == checksum, "\(name): \(row) gives \(texts)")
            }
        }
        #if Oniguruma
            #expect(compared == 5243 && regexCount > 30)
        #else
            #expect(compared > 3500 && regexCount == 0)
        #endif
    }

    /// A stream gives what is certain at once, and no more.
    @Test func streamsGiveWhatIsCertain() throws {
        func pieces(_ decoder: JSON, _ tokens: [String]) throws -> [String] {
            let tokenizer = try DecoderFixture.tokenizer("decoder", decoder)
            var stream = StreamingDecoder(tokenizer)
            return try tokens.map { stream.append(try #require(tokenizer.id(of: $0))) } + [stream.finish()]
        }
        func replace(_ text: String, _ content: String) -> JSON {
            ["type": "Replace", "pattern": ["String": .string(text)], "content": .string(content)]
        }
        func sequence(_ steps: JSON...) -> JSON { ["type": "Sequence", "decoders": .array(steps)] }
        func strip(_ start: Int, _ stop: Int) -> JSON {
            ["type": "Strip", "content": " ", "start": .integer(start), "stop": .integer(stop)]
        }
        let fallback: JSON = ["type": "ByteFallback"]
        let fuse: JSON = ["type": "Fuse"]
        #expect(
            try pieces(sequence(replace("▁", " "), fallback, fuse, strip(1, 0)), ["▁Hello", "▁world", "<0xE4>", "<0xBD>", "<0xA0>", "a"])
                == ["Hello", " world", "", "", "", "你a", ""])
        #expect(try pieces(sequence(fuse, strip(0, 2)), ["a", "   ", " ", "b", " ", " "]) == ["a", " ", " ", "  b", "", "", ""])
        #expect(try pieces(sequence(fuse, replace("aba", "X")), ["a", "b", "a", "ab", "ab", "x"]) == ["", "", "X", "", "Xb", "x", ""])
        #expect(try pieces(["type": "BPEDecoder", "suffix": "</w>"], ["ing</w>", "</w>", "a"]) == ["", "ing ", " ", "a"])
        #expect(
            try pieces(["type": "WordPiece", "prefix": "##", "cleanup": true], ["a", "##ing", "n't", "do not"]) == [
                "a", "ing", "n't", " don't", "",
            ])
        #expect(try pieces(["type": "ByteLevel"], ["ðŁ", "İ", "ä", "Ġ"]) == ["", "", "\u{FFFD}", "\u{FFFD} ", ""])
    }

    /// Without a decoder it is that of the pre-tokenizer, which leaves no doubt; without either, as in the library,
    /// spaces stand between tokens.
    @Test func aMissingDecoderIsThatOfThePreTokenizer() throws {
        func decoded(_ preTokenizer: JSON, _ tokens: [String]) throws -> String {
            let tokenizer = try DecoderFixture.tokenizer("pre_tokenizer", preTokenizer)
            return tokenizer.decode(try tokens.map { try #require(tokenizer.id(of: $0)) })
        }
        func sequence(_ stages: JSON...) -> JSON { ["type": "Sequence", "pretokenizers": .array(stages)] }
        let digits: JSON = ["type": "Digits", "individual_digits": true]
        let byteLevel: JSON = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
        func metaspace(_ scheme: String) -> JSON { ["type": "Metaspace", "replacement": "▁", "prepend_scheme": .string(scheme)] }
        let bytes = ["Ġthe", "ä½ł", "Ġ"]
        #expect(try decoded(byteLevel, bytes) == " the你 ")
        #expect(try decoded(sequence(digits, byteLevel), bytes) == " the你 ")
        #expect(try decoded(metaspace("always"), ["▁Hello", "▁world"]) == "Hello world")
        #expect(try decoded(sequence(digits, metaspace("never")), ["▁Hello", "▁world"]) == " Hello world")
        #expect(try decoded(digits, ["▁Hello", "Ġthe"]) == "▁Hello Ġthe")
        #expect(try decoded(.null, ["▁Hello", "Ġthe"]) == "▁Hello Ġthe")
    }

    /// What an id stands for without regard to its place.
    @Test func bytesOfAnID() throws {
        func bytes(_ decoder: JSON, _ token: String) throws -> String? {
            let tokenizer = try DecoderFixture.tokenizer("decoder", decoder)
            return try tokenizer.bytes(of: #require(tokenizer.id(of: token))).map { String(decoding: $0, as: UTF8.self) }
        }
        let wordPiece: JSON = ["type": "WordPiece", "prefix": "##", "cleanup": true]
        #expect(try bytes(wordPiece, "##ing") == "ing")
        #expect(try bytes(wordPiece, "dog") == "dog")
        #expect(try bytes(["type": "Metaspace", "replacement": "▁"], "▁Hello") == " Hello")
        #expect(try bytes(["type": "BPEDecoder", "suffix": "</w>"], "ing</w>") == "ing ")
        #expect(try bytes(["type": "ByteFallback"], "<0x41>") == "A")
        #expect(try bytes(["type": "ByteLevel"], "Ġthe") == " the")
        #expect(try bytes(["type": "ByteLevel"], "中") == "中")
        let fallback = try DecoderFixture.tokenizer("decoder", ["type": "ByteFallback"])
        #expect(try fallback.bytes(of: #require(fallback.id(of: "<0xE4>"))) == [0xE4])
    }

    @Test func damagedDecodersAreRefused() {
        func error(_ decoder: JSON) -> String { DecoderFixture.error("decoder", decoder) }
        func sequence(_ steps: [JSON]) -> JSON { ["type": "Sequence", "decoders": .array(steps)] }
        func replace(_ pattern: JSON, _ content: JSON) -> JSON { ["type": "Replace", "pattern": pattern, "content": content] }
        #expect(error(["type": "Unheard"]).contains("decoder: the decoder 'Unheard' is not supported"))
        #expect(error([:]).contains("decoder.type: is missing"))
        #expect(error(["type": 7]).contains("decoder.type: is not a string"))
        #expect(error("Fuse").contains("decoder.type: is missing"))
        #expect(error(["type": "Sequence"]).contains("decoder.decoders: is missing"))
        #expect(error(["type": "Sequence", "decoders": 1]).contains("decoder.decoders: is not an array"))
        #expect(error(sequence([["type": "Fuse"], nil])).contains("decoder.decoders[1].type: is missing"))
        #expect(error(sequence([["type": "Fuse"], ["type": "Unheard"]])).contains("decoder.decoders[1]: the decoder 'Unheard'"))
        #expect(error(["type": "WordPiece", "cleanup": true]).contains("decoder.prefix: is missing"))
        #expect(error(["type": "WordPiece", "prefix": "##"]).contains("decoder.cleanup: is neither true nor false"))
        #expect(error(["type": "BPEDecoder"]).contains("decoder.suffix: is missing"))
        #expect(error(["type": "CTC", "pad_token": "a", "cleanup": true]).contains("decoder.word_delimiter_token: is missing"))
        #expect(error(["type": "Metaspace", "replacement": "ab"]).contains("decoder.replacement: is not one character"))
        #expect(error(replace(["String": "a"], nil)).contains("decoder.content: is missing"))
        for (content, start, stop, field): (JSON, JSON, JSON, String) in [
            ("", 1, 0, "content"), ("ab", 1, 0, "content"), (nil, 1, 0, "content"), (" ", -1, 0, "start"), (" ", nil, 0, "start"),
            (" ", 1, 1.5, "stop"), (" ", 1, "1", "stop"),
        ] {
            let strip: JSON = ["type": "Strip", "content": content, "start": start, "stop": stop]
            #expect(error(strip).contains("decoder.\(field): is"), "\(strip.serialized)")
        }
    }

    /// Files are free to ask for anything: text grows within bounds, and steps are limited.
    @Test func hostileDecoders() throws {
        func sequence(_ steps: [JSON]) -> JSON { ["type": "Sequence", "decoders": .array(steps)] }
        let doubling: JSON = ["type": "Replace", "pattern": ["String": "a"], "content": "aa"]
        #expect(
            DecoderFixture.error("decoder", sequence(Array(repeating: doubling, count: 40))).contains("decoders[12]: makes text too long"))
        let long: JSON = ["type": "Replace", "pattern": ["String": "a"], "content": .string(String(repeating: "x", count: 5000))]
        #expect(DecoderFixture.error("decoder", long).contains("decoder: makes text too long"))
        let suffix: JSON = ["type": "BPEDecoder", "suffix": ""]
        #expect(DecoderFixture.error("decoder", sequence(Array(repeating: suffix, count: 20))).contains("makes text too long"))
        let fuse: JSON = ["type": "Fuse"]
        #expect(DecoderFixture.error("decoder", sequence(Array(repeating: fuse, count: 65))).contains("decoders[64]: more than 64 steps"))
        let deep = (0..<50).reduce(fuse) { inner, _ in sequence([inner]) }
        #expect(try DecoderFixture.tokenizer("decoder", deep).decode([0, 1]) == "ab")
        let huge: JSON = ["type": "Strip", "content": "a", "start": 9_223_372_036_854_775_807, "stop": 9_223_372_036_854_775_807]
        #expect(try DecoderFixture.tokenizer("decoder", huge).decode([0, 20, 1, 0]) == "b")
        // A pattern that nearly matches everywhere is no slower than another.
        let slow: JSON = ["type": "Replace", "pattern": ["String": .string(String(repeating: "a", count: 20_000) + "b")], "content": "c"]
        let tokenizer = try DecoderFixture.tokenizer("decoder", sequence([fuse, slow]))
        let text = tokenizer.decode([Int32](repeating: 0, count: 100_000) + [1, 0])
        #expect(text == String(repeating: "a", count: 80_000) + "ca")
    }
}
