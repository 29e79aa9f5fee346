import TestSupport
import Testing

@testable import LoRA

@Suite("Patterns of module names")
struct ModulePatternTests {
    @Test(
        "Patterns match as Python's",
        arguments: [
            (#"q_proj"#, "q_proj", true), (#"q_proj"#, "xq_proj", false), (#".*\.q_proj"#, "model.layers.0.self_attn.q_proj", true),
            (#"model\.layers\.\d+\.self_attn\.(q|k|v)_proj"#, "model.layers.12.self_attn.v_proj", true),
            (#"model\.layers\.\d+\.self_attn\.(q|k|v)_proj"#, "model.layers.12.self_attn.o_proj", false),
            (#"model\.layers\.[0-3]\..*"#, "model.layers.4.x", false), (#"model\.layers\.[^0-3]\..*"#, "model.layers.4.x", true),
            (
                #"(?:.*?(?:language|text).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:mlp)\.(?:(?:up_proj|down_proj)))"#,
                "model.layers.7.mlp.up_proj", true
            ),
            (
                #"(?:.*?(?:language|text).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:mlp)\.(?:(?:up_proj|down_proj)))"#,
                "model.layers.7.mlp.gate", false
            ),
            (#"^model$"#, "model", true), (#"a{2,3}"#, "aaaa", false), (#"a{2,3}"#, "aaa", true), (#"a{,2}"#, "", true),
            (#"a{x}"#, "a{x}", true),
            (#"(?P<name>ab)+"#, "ababab", true), (#"[]a-]+"#, "a-]", true), (#"a\Bb\b"#, "ab", true), (#"|a"#, "", true),
            (#"\w+\W\s"#, "ab. ", true),
            (#"é.x"#, "éüx", true), (#"(a*)*"#, "", true), (#"(a|b)*?c??"#, "abbac", true),
        ])
    func matches(_ pattern: String, _ name: String, _ expected: Bool) throws {
        #expect(try ModulePattern(pattern).matches(name) == expected)
    }

    @Test("Groups in groups, also empty ones, are no long pattern")
    func groups() throws {
        let (open, close) = (String(repeating: "(", count: 60), String(repeating: ")", count: 60))
        #expect(try ModulePattern("(\(open)a\(close)){99}").matches(String(repeating: "a", count: 99)))
        #expect(try ModulePattern("(){1000}a(){1000}").matches("a"))
    }

    @Test("A pattern of ranks may begin behind a dot")
    func suffix() throws {
        #expect(try ModulePattern("q_proj", isSuffix: true).matches("model.q_proj"))
        #expect(try !ModulePattern("q_proj", isSuffix: true).matches("model.xq_proj"))
        #expect(try ModulePattern("^model.q|o", isSuffix: true).matches("model.q"))
        #expect(try ModulePattern("^model.q|o", isSuffix: true).matches("x.o"))
        #expect(try !ModulePattern("^model.q|o", isSuffix: true).matches("x.model.q"))
    }

    @Test(
        "What is no pattern, or more than one that is followed here, is refused",
        arguments: [
            "(", ")", "[", "a**", "*", #"\"#, "(?=a)", "(?!a)", "(?i)a", #"(a)\1"#, "a{3,2}", "a{9999}", #"\x41"#, "[z-a]", "(?P<a",
            String(repeating: "(", count: 1000), "((((a{99}){99}){99}){99})",
            "((((){1000}){1000}){1000}){1000}", "((((a{0}){1000}){1000}){1000}){1000,}",
        ])
    func refused(_ pattern: String) {
        #expect(throws: AdapterFileError.self) { try ModulePattern(pattern) }
    }

    @Test("No pattern takes long")
    func time() throws {
        let name = String(repeating: "a", count: 2000)
        #expect(try !computed(within: 60) { try ModulePattern("(a*)*(a|aa)*(.*.*.*)*b").matches(name) })
    }
}
