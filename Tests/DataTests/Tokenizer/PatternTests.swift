import Tensor
import TestSupport
import Testing

@testable import Data

/// Our scanners against Oniguruma, and how Oniguruma is kept from taking too long.
@Suite struct PatternTests {
    private static func field(_ expression: String) -> JSONField {
        JSONField(file: "tokenizer.json", path: "pattern", value: ["Regex": .string(expression)])
    }

    private static func matches(of matcher: some TextMatcher, in text: String) throws -> [Range<Int>] {
        var text = text
        var ranges: [Range<Int>] = []
        try text.withUTF8 { bytes in try matcher.forEachMatch(in: bytes) { ranges.append($0) } }
        return ranges
    }

    /// Scalars of every category that the table knows, several of each.
    private static let pool: [Unicode.Scalar] = {
        var random = RandomGenerator(seed: 3)
        var pool: [String: [Unicode.Scalar]] = [:]
        UnicodeClassTable.forEachRun { scalars, classes in
            for _ in 0..<3 {
                let place = UInt32.random(in: scalars, using: &random)
                if let scalar = Unicode.Scalar(place) { pool[classes.category, default: []].append(scalar) }
            }
        }
        return pool.sorted { $0.key < $1.key }.flatMap { $0.value.shuffled(using: &random).prefix(40) }
    }()

    private static let parts = [
        "'s", "'LL", "'rE", "'\u{17F}", "\u{301}", "Ab", "aB", "AB", "ab", "ǅ", "ʰ", "ª", " ", "  ", "\n", "\r\n", "\t", "\u{A0}", "//",
        "/", "1", "1234",
        "!", "(x", "$y", "的", "あ", "龥", "\u{1}", "\u{200D}",
    ]

    private static func text(_ random: inout RandomGenerator) -> String {
        (0..<Int.random(in: 1...30, using: &random)).map { _ in
            Bool.random(using: &random)
                ? parts.randomElement(using: &random) ?? "" : pool.randomElement(using: &random).map { String($0) } ?? ""
        }.joined()
    }

    #if Oniguruma
        /// Every expression that has a scanner of its own.
        private static let known: [(String, any TextMatcher)] =
            SplitPattern.known.map { ($0.key, $0.value) } + KnownPattern.known.map { ($0.key, $0.value) }

        @Test func scannersMatchWhatOnigurumaMatches() throws {
            #expect(Self.known.count == 21)
            for (expression, scanner) in Self.known {
                var random = RandomGenerator(seed: 11)
                let matcher = try RegexMatcher(expression, Self.field(expression)["Regex"])
                for _ in 0..<300 {
                    let text = Self.text(&random)
                    #expect(
                        try Self.matches(of: scanner, in: text) == Self.matches(of: matcher, in: text),
                        "\(expression) in \(text.debugDescription)")
                }
            }
        }

        /// The system's library may be older than the one that `tokenizers` has.
        @Test func onigurumaKnowsTheLibrarysUnicode() throws {
            // A letter and a digit of Unicode 16, an ideograph of Unicode 15, and a mark of Unicode 15.1 that is none.
            for (expression, scalar) in [
                (#"\p{L}"#, "\u{105C0}"), (#"\p{Nd}"#, "\u{10D40}"), (#"\d"#, "\u{10D40}"), (#"\p{Han}"#, "\u{31350}"),
            ] {
                let matcher = try RegexMatcher(expression, Self.field(expression)["Regex"])
                #expect(try Self.matches(of: matcher, in: scalar) == [0..<scalar.utf8.count], "\(expression)")
            }
            let words = try RegexMatcher(#"[\w]"#, Self.field("")["Regex"])
            #expect(try Self.matches(of: words, in: "½a\u{105C0}") == [2..<3, 3..<7])
        }

        @Test(arguments: [#"(?:a|a)*[!?][xz]"#, #"(a+)+$"#, #"(a|a)*b"#, #"(?:a?){40}a{40}"#, #"(a*)*c"#, #"((a*)*)*d"#])
        func exponentialExpressionsEndInAnError(_ expression: String) throws {
            let matcher = try RegexMatcher(expression, Self.field(expression)["Regex"])
            let text = String(repeating: "a", count: 3000) + "!"
            let seconds = threadTime {
                do {
                    _ = try Self.matches(of: matcher, in: text)
                } catch {
                    #expect("\(error)".contains("a split pattern of the tokenizer: gives up on a text"))
                }
            }
            #expect(seconds < 1, "\(expression)")
        }

        @Test func aTokenizerGivesUpInAnError() throws {
            let split: JSON = ["type": "Split", "pattern": ["Regex": "(?:a|a)*[!?][xz]"], "behavior": "Isolated", "invert": false]
            let folder = try TokenizerFixture.folder(fields: [
                "pre_tokenizer": [
                    "type": "Sequence", "pretokenizers": [split, ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]],
                ]
            ])
            let tokenizer = try Tokenizer(folder: folder)
            #expect(try tokenizer.decode(tokenizer.encode("aa!x and aa!y")) == "aa!x and aa!y")
            let error = #expect(throws: TokenizerError.self) { try tokenizer.encode(String(repeating: "a", count: 100) + "!y") }
            #expect(error?.description.contains("goes back and forth") == true)
        }

        /// A text may be as long as it likes where an expression goes over it a few times.
        @Test func longTextsAreNotGivenUp() throws {
            let matcher = try RegexMatcher(#"\s+(?!\S)|\s+|\S+"#, Self.field("")["Regex"])
            #expect(try Self.matches(of: matcher, in: String(repeating: " ", count: 3_000_000) + "x").count == 3)
        }

        @Test func expressionsThatAreNoneAreRefused() throws {
            for expression in [
                "(", "[a", #"\p{Nope}"#, "a{100001}", String(repeating: "(", count: 400) + String(repeating: ")", count: 400),
            ] {
                let error = #expect(throws: TokenizerError.self) { try TextPattern(Self.field(expression)) }
                #expect(
                    error?.description.contains("tokenizer.json: pattern.Regex: Oniguruma refuses the regular expression: ") == true)
            }
            let long = #expect(throws: TokenizerError.self) { try TextPattern(Self.field(String(repeating: "a", count: 20_000))) }
            #expect(long?.description.contains("longer than 16384 bytes") == true)
        }
    #endif
}
