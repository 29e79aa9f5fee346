import Foundation
import TestSupport
import Testing

@testable import Data

/// Files of tokens to add.
@Suite struct AddedTokenFileTests {
    private func withFile<Result>(_ name: String, _ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
        let folder = try FileFixture.folder([name: bytes])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body("\(folder)/\(name)")
    }

    private func read(_ name: String, _ text: String) throws -> [AddedToken] {
        try withFile(name, Array(text.utf8)) { try AddedTokenFile.read($0) }
    }

    private func error(_ name: String, _ bytes: [UInt8]) throws -> String {
        try withFile(name, bytes) { path in
            let error = #expect(throws: TokenizerError.self) { try AddedTokenFile.read(path) }
            return error?.description.replacing(path, with: name) ?? ""
        }
    }

    private func error(_ name: String, _ text: String) throws -> String { try error(name, Array(text.utf8)) }

    @Test func linesAreTokens() throws {
        let expected = ["<a>", "two words", "#", "你好"].map { AddedToken($0) }
        for text in ["<a>\ntwo words\n#\n你好\n", "\u{FEFF}<a>\r\n\r\ntwo words\r\n#\r\n \t\r\n你好", "\n\n<a>\ntwo words\n<a>\n#\n你好"] {
            for name in ["tokens.txt", "tokens", "tokens.vocab"] { #expect(try read(name, text) == expected, "\(text.debugDescription)") }
        }
        // Brackets and braces are no JSON by themselves.
        for text in ["[INST]\n[/INST]", "{x}\n{y}", "[1]\n[2]", "[1, 2]", "{}\n", "[", "{\"a\": 1}", "[[]]", "[]", "\"a\""] {
            #expect(try read("tokens.txt", text).map(\.content) == text.split(separator: "\n").map(String.init), "\(text)")
        }
    }

    @Test func jsonIsTokens() throws {
        let expected = [AddedToken(" a "), AddedToken("b", isSpecial: true), AddedToken("c", stripsLeft: true, isNormalized: false)]
        let objects = [#"" a ""#, #"{"content": "b", "special": true}"#, #"{"content": "c", "lstrip": true, "normalized": false}"#]
        for name in ["tokens.json", "tokens.txt", "tokens.JSON"] {
            #expect(try read(name, "[" + objects.joined(separator: ",") + "]") == expected)
            #expect(try read(name, "\u{FEFF}\r\n[\r\n" + objects.joined(separator: ",\r\n") + "\r\n]\r\n") == expected)
            // A line each, of which the first is an object.
            let lines = [objects[1], objects[0], objects[2], objects[1]].joined(separator: "\n\n")
            #expect(try read(name, lines) == [expected[1], expected[0], expected[2]])
            #expect(try read(name, "{\n\"content\": \"c\",\n\"lstrip\": true, \"normalized\": false}") == [expected[2]])
        }
        for name in ["tokens.jsonl", "tokens.ndjson"] {
            #expect(try read(name, objects.joined(separator: "\r\n") + "\r\n") == expected)
            #expect(try read(name, #""[a]""#) == [AddedToken("[a]")])
        }
    }

    @Test func complaintsNameTheLine() throws {
        for (name, text, complaint) in [
            ("t.txt", "", "t.txt: has no tokens; write one a line"), ("t.txt", "\u{FEFF}\r\n \n", "t.txt: has no tokens"),
            ("t.json", "", "t.json: has no tokens"), ("t.json", "[]", "t.json: has no tokens"), ("t.jsonl", "\n", "t.jsonl: has no tokens"),
            ("t.txt", "a\n\n b", "t.txt: line 3: has white space around the token"), ("t.txt", "a\u{3000}", "line 1: has white space"),
            ("t.txt", "a\rb\rc", "t.txt: line 1: has a control character"), ("t.txt", "x\na\u{0}b", "line 2: has a control character"),
            ("t.txt", "x\n" + String(repeating: "a", count: 1025), "t.txt: line 2: is 1025 bytes long"),
            ("t.json", "[\"a\",\n\"b\"", "t.json: line 2: "),
            ("t.json", "[\"a\",\n\"\\ud800\"]", "t.json: line 2: half of a surrogate pair"),
            ("t.json", "abc", "t.json: line 1: "), ("t.json", #"["a", ""]"#, "t.json: [1]: has no text"),
            ("t.json", #"["a", {"content": "b", "colour": 1}]"#, "t.json: [1]: has a field 'colour'; those of a token are content"),
            ("t.json", #"["a", 3]"#, "t.json: [1]: is neither a text nor an object"),
            ("t.json", #"{"version": "1.0", "added_tokens": []}"#, "t.json: [0]: has a field 'version'"),
            ("t.json", #"["a", {"content": "a", "special": true}]"#, "t.json: [1]: 'a' has other switches than t.json: [0]"),
            ("t.jsonl", "\"a\"\n\n{\"content\": \"b\", \"lstrip\": 0}", "t.jsonl: line 3: lstrip is neither true nor false"),
            ("t.jsonl", "\"a\"\nb", "t.jsonl: line 2: "), ("t.jsonl", "\"a\"\n[\"b\"]", "t.jsonl: line 2: is neither a text nor an object"),
            ("t.txt", "{\"content\": \"b\"}\nx", "t.txt: line 2: "),
            (
                "t.txt", "{\"content\": \"b\"}\n{\"content\": \"b\", \"rstrip\": true}",
                "t.txt: line 2: 'b' has other switches than t.txt: line 1"
            ),
        ] {
            let error = try error(name, text)
            #expect(error.contains(complaint), "\(text.debugDescription): \(error)")
        }
    }

    @Test func filesThatAreNoTextAreRefused() throws {
        #expect(try error("t.txt", [0x61, 0x0A, 0xC3, 0x28]).contains("t.txt: line 2: is not UTF-8"))
        #expect(try error("t.txt", [0xFF, 0xFE, 0x61, 0x00]).contains("t.txt: line 1: is not UTF-8"))
        #expect(try error("t.json", [0x5B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x5D]).contains("line 1: is not UTF-8"))
        for (path, complaint) in [("/nowhere/tokens.txt", "there is no such file"), (NSTemporaryDirectory(), "is a folder, not a file")] {
            let error = #expect(throws: TokenizerError.self) { try AddedTokenFile.read(path) }
            #expect(error == .badToken(place: path, reason: complaint))
        }
    }
}
