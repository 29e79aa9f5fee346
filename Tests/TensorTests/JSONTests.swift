import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite struct JSONTests {
    @Test(
        arguments: [
            ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-12", -12), ("1.5", 1.5), ("1e2", .number(100)),
            ("-1.25E-2", -0.0125), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .largeInteger("9223372036854775808")), ("-9223372036854775809", .largeInteger("-9223372036854775809")),
            ("9223372036854775808.0", .number(0x1p63)), ("1e19", .number(1e19)), ("\"\"", ""),
            (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u4f60\u597d""#, "你好"), (#""\ud83d\ude42""#, "🙂"), (#""\u0000""#, "\0"), ("\"你🙂\"", "你🙂"), ("[]", []), ("{}", [:]),
            ("[1, [2, {}], \"x\"]", [1, [2, [:]], "x"]), ("\u{FEFF}{\"a\":1}", ["a": 1]), ("\r\n\t[ 1 ,2 ]\n", [1, 2]),
        ] as [(String, JSON)])
    func parses(_ text: String, _ value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
        #expect(try JSON(parsing: Array(text.utf8)) == value)
        #expect(try JSON(parsing: JSON(parsing: text).serialized) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x10", "1e999", "-1e999",
        "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "\"\u{1}\"", #""\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#,
        #""\ud83d\u0041""#, #""\ude42""#, "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
        "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\" 1}", "{1:2}", "]", "}", ",", "1 2", "[1] x", "// no\n1", "\"a\" \"b\"", "[1]]",
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONError.self, "\(text)") { try JSON(parsing: text) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE4, 0xBD, 0x22], [0xFF], [0x00],
        ] as [[UInt8]])
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
    }

    @Test func saysWhere() throws {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: "{\n  \"名\": \"你\",\n  \"字\": 好\n}") }
        #expect(error?.line == 3)
        #expect(error?.column == 8)
        #expect(error?.offset == 27)
        #expect(error.map { "\($0)".contains("line 3, column 8") } == true)
    }

    @Test func keepsOrderAndTheLastOfADuplicate() throws {
        let object = try #require(try JSON(parsing: #"{"b":1,"a":2,"b":3,"c":null}"#).object)
        #expect(object.keys == ["b", "a", "c"])
        #expect(object["b"] == 3)
        #expect(object["c"] == .null)
        #expect(object["d"] == nil)
        #expect(object.map { $0.key } == ["b", "a", "c"])
        #expect(object.map { $0.value } == [3, 2, .null])
    }

    @Test func keepsTheDigitsOfLargeIntegers() throws {
        let digits = "123456789012345678901234567890"
        let value = try JSON(parsing: "{\"a\": [\(digits), -\(digits)]}")
        #expect(value["a"]?.array == [.largeInteger(digits), .largeInteger("-\(digits)")])
        #expect(value.serialized == "{\"a\":[\(digits),-\(digits)]}")
        #expect(value["a"]?.array?[0].number == 123456789012345678901234567890.0)
        #expect(value["a"]?.array?[1].number == -123456789012345678901234567890.0)
        #expect(value["a"]?.array?[0].integer == nil)
        // Beyond the range of Double there is no number; the digits stay.
        let long = try JSON(parsing: String(repeating: "9", count: 4300))
        #expect(long.number == nil)
        #expect(long.serialized.utf8.count == 4300)
        #expect(throws: JSONError.self) { try JSON(parsing: "-" + String(repeating: "9", count: 4301)) }
    }

    /// "é" in one code point and in two are two keys, as they are two tokens of a vocabulary.
    @Test func comparesKeysByCodePoints() throws {
        let value = try JSON(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(value.object?.keys.count == 2)
        #expect(value.serialized == "{\"\u{E9}\":1,\"e\u{301}\":2}")
    }

    @Test func accessors() {
        let value: JSON = ["n": 3, "x": 2.5, "whole": 4.0, "s": "t", "b": true, "a": [1], "o": ["k": "v"]]
        #expect(value["n"]?.integer == 3 && value["n"]?.number == 3)
        #expect(value["x"]?.number == 2.5 && value["x"]?.integer == nil)
        #expect(value["whole"]?.integer == 4)
        #expect(value["s"]?.string == "t" && value["s"]?.number == nil)
        #expect(value["b"]?.bool == true && value["b"]?.integer == nil)
        #expect(value["a"]?.array == [1] && value["o"]?["k"] == "v")
        #expect(value["a"]?["k"] == nil && JSON.null["k"] == nil)
        #expect(JSON.number(1e300).integer == nil && JSON.number(.nan).integer == nil)
    }

    @Test func objectsAreChangedInPlace() {
        var object = JSONObject()
        for i in 0..<30 { object["k\(i)"] = .integer(i) }
        object["k7"] = nil
        object["k9"] = "nine"
        object["new"] = 1
        #expect(object.keys == (0..<30).filter { $0 != 7 }.map { "k\($0)" } + ["new"])
        #expect(object["k9"] == "nine" && object["k7"] == nil && object["k29"] == 29)
        #expect(["a": 1, "b": 2] as JSON == ["b": 2, "a": 1] as JSON)
        #expect(["a": 1, "b": 2] as JSON != ["a": 1, "b": 3] as JSON)
    }

    @Test func writesCompactlyAndEscapesOnlyWhatMustBe() {
        let value: JSON = ["文": "a\"b\\c/\n\u{1}\u{7F}é🙂", "n": [1, -2, 0.1, 1e300, .number(3)], "e": [:], "l": [], "z": .null, "t": true]
        #expect(
            value.serialized
                == "{\"文\":\"a\\\"b\\\\c/\\n\\u0001\u{7F}é🙂\",\"n\":[1,-2,0.1,1e+300,3.0],\"e\":{},\"l\":[],\"z\":null,\"t\":true}")
        #expect(JSON.array([.number(.nan), .number(.infinity)]).serialized == "[null,null]")
    }

    /// Deep nesting is refused before it can exhaust the small stack of a thread.
    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func refusesDeepNesting(_ opening: String) async {
        let text = String(repeating: opening, count: 200_000)
        let refused = await onSmallStack { (try? JSON(parsing: text)) == nil }
        #expect(refused)
    }

    @Test func readsOrdinaryNesting() async {
        let text = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        let isRead = await onSmallStack { (try? JSON(parsing: text))?.serialized == text }
        #expect(isRead)
    }

    /// What parses must write and parse to the same; nothing may trap.
    @Test func damagedTextNeverTraps() throws {
        let original = Array(#"{"a":[1,-2.5e3,true,null,"\u4f60\ud83d\ude42 é"],"b":{"c":"\n"},"你":[{},[]]}"#.utf8)
        var random = SplitMix(state: 99)
        var parsed = 0
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0...random.next() % 2 { bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next()) }
            guard let value = try? JSON(parsing: bytes) else { continue }
            parsed += 1
            #expect(try JSON(parsing: value.serialized) == value)
        }
        #expect(parsed > 100)
        for length in original.indices { #expect(throws: JSONError.self) { try JSON(parsing: original[..<length]) } }
    }
}
