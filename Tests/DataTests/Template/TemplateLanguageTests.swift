import Data
import Foundation
import Tensor
import TestSupport
import Testing

/// The language of chat templates beyond what most of them use: call blocks, unpacked arguments, keys of every kind,
/// markup, large integers, formats.
@Suite struct TemplateLanguageTests {
    /// What Hugging Face's transformers render, made by `Fixtures/template/make_language.py`.
    private static let fixture: JSON = {
        let path = Paths.fixture("DataTests", "template/language.json")
        return FileManager.default.contents(atPath: path).flatMap { try? JSON(parsing: [UInt8]($0)) } ?? .null
    }()

    private func render(_ source: String) -> Result<String, TemplateError> {
        Result { () throws(TemplateError) in
            try ChatTemplate(source: source).render(messages: [], variables: Self.fixture["variables"]?.object ?? [:])
        }
    }

    @Test(arguments: [
        "call", "arguments", "keys", "falsy", "markup", "large", "format", "strings", "statements",
    ])
    func meansWhatJinjaMeans(group: String) throws {
        let cases = try #require(Self.fixture["snippets"]?.array).filter { $0["group"]?.string == group }
        #expect(cases.count >= 6)
        for item in cases {
            let source = try #require(item["template"]?.string)
            let rendered = render(source)
            if let expected = item["expected"]?.string {
                let matches = (try? rendered.get()).map { $0.utf8.elementsEqual(expected.utf8) } ?? false
                #expect(matches, "\(source.debugDescription)\n is \(rendered)\n not \(expected.debugDescription)")
            } else {
                #expect(throws: TemplateError.self, "\(source)") { try rendered.get() }
            }
        }
    }

    @Test(arguments: ["random", "pprint", "striptags", "urlize", "wordwrap"])
    func refusesFiltersByName(name: String) {
        #expect(throws: TemplateError.self) { try render("{{ 'a' | \(name) }}").get() }
        let reason: String? = if case .failure(let error) = render("{{ 'a' | \(name) }}") { error.reason } else { nil }
        #expect(reason == "the filter '\(name)' is not supported in chat templates")
        #expect((try? render("{{ '\(name)' is filter }}").get()) == "True")
    }

    @Test(arguments: ["include 'a'", "import 'a' as b", "from 'a' import b", "extends 'a'", "block a", "autoescape true", "do x"])
    func refusesTagsByName(tag: String) throws {
        let name = try #require(tag.split(separator: " ").first)
        let reason: String? = if case .failure(let error) = render("{% \(tag) %}") { error.reason } else { nil }
        #expect(reason == "the tag '\(name)' is not supported in chat templates")
    }

    @Test func countsEveryArgumentOnce() {
        for source in ["{{ dict(*[{}], **{'a': 1}, **{'b': 2}) }}", "{{ f(*a, 1) }}", "{{ f(**a, *b) }}", "{{ f(**a, 1) }}"] {
            guard case .failure(let error) = render(source) else {
                Issue.record("\(source) is no call")
                continue
            }
            #expect(error.kind == .syntax)
        }
    }

    @Test func largeIntegersComeFromRecordsDigitForDigit() throws {
        let call = try JSON(
            parsing: #"[{"function": {"name": "f", "arguments": {"id": 123456789012345678901234567890, "n": -18446744073709551616}}}]"#)
        let message = Message(role: "assistant", content: "", extra: ["tool_calls": call])
        let template = try ChatTemplate(source: "{{ messages[0].tool_calls[0].function.arguments | tojson }}")
        #expect(
            try template.render(messages: [message])
                == #"{"id": 123456789012345678901234567890, "n": -18446744073709551616}"#)
    }

    // MARK: Hostile templates

    @Test(arguments: [
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}",
        "{{ '{:100000}{:100000}'.format(1, 2) * 9999 }}", "{{ 'a'.center(10 ** 15) }}", "{{ '\t'.expandtabs(10 ** 15) }}",
        "{{ '%999999999d' % 1 }}", "{{ ('<' * 100000000) | e }}",
        "{% macro m() %}{{ m(*varargs, **kwargs) }}{% endmacro %}{{ m(*range(99999)) }}",
        "{% set a = 'a' * 1000000 %}{% for i in range(9999) %}{{ a + a + a + a }}{% endfor %}",
        "{% set t = ((1,) * 100000,) * 1000 %}{% for i in range(9999) %}{{ {t: 1} | length }}{% endfor %}",
    ])
    func refusesWhatDoesNotEnd(source: String) {
        guard case .failure(let error) = render(source) else {
            Issue.record("\(source.prefix(60)) renders")
            return
        }
        #expect(error.kind == .limit, "\(error)")
    }

    @Test(arguments: [
        "{% for i in [1] recursive %}{{ [[[ (((loop([1])))) ~ 1 ]]] }}{% endfor %}",
        "{% macro m() %}{% if 1 %}{% call m() %}{{ [[[ caller() ~ 1 ]]] }}{% endcall %}{% endif %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}",
        "{% macro m() %}{{ [m(*[1], **{'a': 2})] | map('string') | join }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m() }}",
        "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns }}",
    ])
    func deepRecursionFitsTheStackOfAThread(source: String) async {
        let rendered = await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: render(source)) }
            // Half of this is what a thread has on macOS; frames without optimization are more than twice as large.
            thread.stackSize = Sanitizer.stackFactor * (1 << 20)
            thread.start()
        }
        let kind: TemplateError.Kind? = if case .failure(let error) = rendered { error.kind } else { nil }
        #expect(kind == .limit)
    }
}
