import Tensor
import Testing

@testable import Data

/// ``StreamingDecoder``: whole characters only, and in the end the same text.
@Suite struct TokenizerStreamingTests {
    private func idOfByte(_ byte: UInt8, _ tokenizer: Tokenizer) throws -> Int32 {
        try #require(tokenizer.id(of: String(ByteLevelAlphabet.scalars[Int(byte)])))
    }

    @Test func neverEmitsHalfACharacter() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        var decoder = StreamingDecoder(tokenizer)
        let pieces = try "é的🎉".utf8.map { decoder.append(try idOfByte($0, tokenizer)) }
        #expect(pieces == ["", "é", "", "", "的", "", "", "", "🎉"])
        #expect(decoder.finish() == "")
    }

    @Test func givesUpOnBytesThatBecomeNoCharacter() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        var decoder = StreamingDecoder(tokenizer)
        // The start of a character, broken off by a letter; a surrogate; a byte that starts nothing.
        let pieces = try [0xE4, 0xBD, 0x41, 0xED, 0xA0, 0x80, 0xFF, 0xF0].map {
            decoder.append(try idOfByte($0, tokenizer))
        }
        #expect(pieces == ["", "", "\u{FFFD}A", "", "\u{FFFD}\u{FFFD}", "\u{FFFD}", "\u{FFFD}", ""])
        #expect(decoder.finish() == "\u{FFFD}")
        #expect(decoder.finish() == "")
    }

    @Test func addsUpToWhatDecodeGives() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        let decodings = try #require(TokenizerFixture.json("expected.json")["decodings"]?.array)
        for expected in try decodings.map(TokenizerCase.init) {
            for skip in [false, true] {
                var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: skip)
                let streamed = expected.ids.map { decoder.append($0) }.joined() + decoder.finish()
                let whole = skip ? expected.skipping : expected.text
                #expect(Array(streamed.utf8) == whole.map { Array($0.utf8) }, "\(expected.ids)")
            }
        }
    }
}
