import Data
import Foundation
import Tensor
import TestSupport
import Testing

/// Renderings by Hugging Face, made by `Fixtures/template/make_fixtures.py`.
enum TemplateFixture {
    /// A template of a published model.
    static func source(_ name: String) throws -> String { try #require(all["templates"]?[name]?.string) }

    static let all: JSON = {
        let path = Paths.fixture("DataTests", "template/cases.json")
        return FileManager.default.contents(atPath: path).flatMap { try? JSON(parsing: [UInt8]($0)) } ?? .null
    }()

    static func messages(_ json: JSON?) -> [Message] {
        (json?.array ?? []).map { turn in
            var extra = turn.object ?? [:]
            extra["role"] = nil
            extra["content"] = nil
            var message = Message(
                role: turn["role"]?.string ?? "", content: turn["content"]?.string ?? "", extra: extra)
            message.hasContent = turn["content"] != .null
            return message
        }
    }
}

@Suite struct ChatTemplateTests {
    @Test func rendersConversationsAsHuggingFaceDoes() throws {
        let cases = try #require(TemplateFixture.all["chats"]?.array)
        #expect(cases.count == 384)
        for item in cases {
            let name = try #require(item["template"]?.string)
            let chat = try #require(item["chat"]?.string)
            let template = try ChatTemplate(source: try #require(TemplateFixture.all["templates"]?[name]?.string))
            let rendered = Result { () throws(TemplateError) in
                try template.render(
                    messages: TemplateFixture.messages(TemplateFixture.all["messages"]?[chat]),
                    tools: item["tools"] == .bool(true) ? TemplateFixture.all["tools"]?.array : nil,
                    addGenerationPrompt: item["prompt"] == .bool(true), bosToken: "<s>", eosToken: "</s>",
                    variables: item["variables"]?.object ?? [:])
            }
            if let expected = item["expected"]?.string {
                let matches = (try? rendered.get()).map { $0.utf8.elementsEqual(expected.utf8) } ?? false
                #expect(matches, "\(name), \(chat), \(item): \(rendered) instead of \(expected.debugDescription)")
            } else {
                #expect(throws: TemplateError.self, "\(name), \(chat)") { try rendered.get() }
            }
        }
    }

    @Test func understandsJinjaAsJinjaDoes() throws {
        let cases = try #require(TemplateFixture.all["snippets"]?.array)
        let variables = try #require(TemplateFixture.all["variables"]?.object)
        for item in cases {
            let source = try #require(item["template"]?.string)
            let rendered = Result { () throws(TemplateError) in
                try ChatTemplate(source: source).render(messages: [], variables: variables)
            }
            if let expected = item["expected"]?.string {
                let matches = (try? rendered.get()).map { $0.utf8.elementsEqual(expected.utf8) } ?? false
                #expect(matches, "\(source.debugDescription)\n is \(rendered)\n not \(expected.debugDescription)")
            } else {
                #expect(throws: TemplateError.self, "\(source)") { try rendered.get() }
            }
        }
    }

    /// What Jinja 3.1.6 made of these.
    @Test(arguments: [
        (#"{{ "don't stop" | wordcount }}|{{ 'a_b ½Ⅷ e\u0301f — ² 一二' | wordcount }}|{{ '!?' | wordcount }}"#, "3|6|0"),
        ("{{ 1 if [] | select else 2 }}|{{ 1 if [] | map('upper') else 2 }}|{{ not ([] | rejectattr('x')) }}", "1|1|False"),
        ("{{ 1 if [] | unique else 2 }}|{{ 1 if {} | items else 2 }}|{{ 1 if [] | select | list else 2 }}", "1|1|2"),
        ("{% set g = [1, 2, 3] | select %}{{ g | first }}{{ g | list }}{{ g | list }}", "1[2, 3][]"),
        (
            "{% set g = [1, 2, 3] | reverse %}{{ 2 in g }}{{ g | list }}{{ g is iterable }}{{ g is sequence }}{{ g == g }}",
            "True[1]TrueFalseTrue"
        ),
        (
            "{% set g = [1, 2] | select %}{% for i in g %}{{ i }}{{ loop.length }}{% endfor %}{% for i in g %}x{% else %}y{% endfor %}",
            "1222y"
        ),
        ("{{ [3, 1] | select | sort }}{{ ', '.join(['a', 'b'] | select) }}{% set a, b = [1, 2] | select %}{{ b }}", "[1, 3]a, b2"),
    ])
    func generatorsAndWords(source: String, expected: String) throws {
        #expect(try ChatTemplate(source: source).render(messages: []) == expected)
    }

    @Test(arguments: [
        "{{ [1] | select | length }}", "{{ [1] | reverse | last }}", "{{ [1] | map('string') | tojson }}", "{{ ([1] | select) + [2] }}",
        "{{ ([1] | select)[1:] }}", "{{ [1] | slice(2) | count }}", "{{ {} | items | length }}",
    ])
    func generatorsAreNoLists(source: String) {
        #expect(error(source)?.kind == .value)
    }

    @Test func conversationsWithToolsHaveATemplateOfTheirOwn() throws {
        let template = try ChatTemplate(source: "plain{{ tools }}", toolSource: "tools{{ tools | length }}")
        #expect(template.source == "plain{{ tools }}")
        #expect(try template.render(messages: []) == "plainNone")
        #expect(try template.render(messages: [], tools: []) == "tools0")
        #expect(try template.render(messages: [], tools: [1]) == "tools1")
        #expect(try ChatTemplate(source: "plain{{ tools }}").render(messages: [], tools: [1]) == "plain[1]")
        // What is wrong with it harms no other conversation.
        let broken = try ChatTemplate(source: "plain", toolSource: "{% if %}")
        #expect(try broken.render(messages: []) == "plain")
        #expect(throws: TemplateError.self) { try broken.render(messages: [], tools: []) }
    }

    @Test func specialTokensGoByTheirNames() throws {
        let template = try ChatTemplate(source: "{{ bos_token }}{{ pad_token }}{{ image_token }}{{ sep_token }}{{ messages | length }}")
        let tokens = ["bos_token": "<s>", "pad_token": "<pad>", "image_token": "<img>", "messages": "none"]
        #expect(try template.render(messages: [], specialTokens: tokens) == "<s><pad><img>0")
        #expect(try template.render(messages: [], bosToken: "<b>", specialTokens: tokens) == "<b><pad><img>0")
        #expect(try template.render(messages: [], specialTokens: tokens, variables: ["pad_token": "p"]) == "<s>p<img>0")
    }

    @Test(arguments: ["minimind-v2", "minimind-v3"])
    func rendersThePublishedPrompts(name: String) throws {
        guard let folder = Paths.shared("tokenizers/\(name)") else { return }
        func json(_ file: String) throws -> JSON {
            try JSON(parsing: [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/\(file)"))))
        }
        let config = try json("tokenizer_config.json")
        let template = try ChatTemplate(source: try #require(config["chat_template"]?.string))
        let chats = try #require(try json("golden.json")["chats"]?.array)
        #expect(!chats.isEmpty)
        for chat in chats {
            let messages = TemplateFixture.messages(chat["messages"])
            func render(_ messages: [Message], _ prompting: Bool) throws -> String {
                try template.render(
                    messages: messages, tools: chat["tools"]?.array, addGenerationPrompt: prompting,
                    bosToken: config["bos_token"]?.string, eosToken: config["eos_token"]?.string)
            }
            #expect(try render(messages, false) == chat["prompt"]?.string)
            if let expected = chat["generation_prompt"]?.string {
                let asked = messages.last?.role == "assistant" ? Array(messages.dropLast()) : messages
                #expect(try render(asked, true) == expected)
            }
        }
    }

    // MARK: Errors

    private func error(_ source: String, _ variables: JSONObject = [:]) -> TemplateError? {
        do throws(TemplateError) {
            _ = try ChatTemplate(source: source).render(messages: [], variables: variables)
            return nil
        } catch {
            return error
        }
    }

    @Test func errorsNameTheirLine() {
        #expect(error("a\n{% if x %}\nb\n{{ y. }}")?.line == 4)
        #expect(error("a\n\n{{ nothing.b }}")?.line == 3)
        #expect(error("{% if true %}\n{% for i in [1] %}\n{{ i }}\n\n{{ 1 / 0 }}{% endfor %}{% endif %}")?.line == 5)
        #expect(error("{#\n\n#}\n{{ raise_exception('only users') }}")?.line == 4)
        #expect(error("{{ [1,\n2,\n'a' + 1] }}")?.line == 3)
    }

    @Test func whatTheTemplateRaisesIsItsMessage() {
        let raised = error("{{ raise_exception('only ' ~ 1) }}")
        #expect(raised?.kind == .raised)
        #expect(raised?.reason == "only 1")
        #expect(error("{{ missing.key }}")?.kind == .undefined)
        #expect(error("{% block x %}{% endblock %}")?.kind == .syntax)
    }

    @Test func formatsTheTime() throws {
        let template = try ChatTemplate(source: "{{ strftime_now('%Y %B %%') }}")
        let rendered = try template.render(messages: [], now: Date(timeIntervalSince1970: 1_718_000_000))
        #expect(rendered == "2024 June %")
    }

    // MARK: Hostile templates

    @Test(arguments: [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{{ 'a' * 10 ** 12 }}", "{{ [1] * 10 ** 12 }}", "{{ [1, 2] | tojson(indent=10 ** 15) }}",
        "{% set a = 'a' * 100000 %}{{ a.replace('a', a) }}", "{{ ('a' * 200000).replace('', 'b' * 200000) }}",
        "{% set a = ['b'] * 100000 %}{{ a | join('c' * 100000) }}", "{{ 'a'.ljust(10 ** 15) }}",
        "{{ 'a' | indent(10 ** 15) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f() %}{{ [[[f()]]] }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(90) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{{ 'a' | map(\(Array(repeating: "'map'", count: 5000).joined(separator: ","))) | list }}",
        "{{ [1, 2, 3] | batch(10 ** 12, 0) | list }}", "{{ [1] | slice(10 ** 12) | list }}",
    ])
    func refusesWhatDoesNotEnd(source: String) {
        #expect(error(source)?.kind == .limit)
    }

    @Test func refusesDeepNesting() {
        let count = 20_000
        func repeated(_ text: String) -> String { String(repeating: text, count: count) }
        for source in [
            "{{ \(repeated("("))1\(repeated(")")) }}", "{{ \(repeated("["))1\(repeated("]")) }}",
            "{{ \(repeated("- "))1 }}",
            "{{ \(repeated("not "))1 }}", "{{ x\(repeated(".a")) }}", "{{ x\(repeated("|e")) }}",
            "{{ x\(repeated("()")) }}",
            "\(repeated("{% if 1 %}"))", "{{ \(repeated("1 if "))1 }}", "{{ \(repeated("1 if 1 else "))1 }}",
            "{% set \(repeated("("))a = 1 %}", "{{ \(repeated("{'a':"))1 }}",
        ] {
            #expect(error(source)?.kind == .syntax, "\(source.prefix(20))")
        }
        // Long chains on one level are no nesting.
        #expect(error("{{ 1\(repeated(" + 1")) }}\(repeated("{{ 1 }}"))") == nil)
    }

    @Test func deepRecursionFitsTheStackOfAThread() async {
        let source = "{% macro f(n) %}{% if n %}{{ [[[[ -(((f(n)))) + 1 ]]]] }}{% endif %}{% endmacro %}{{ f(1) }}"
        let kind = await withCheckedContinuation { continuation in
            let thread = Thread {
                continuation.resume(returning: error(source)?.kind)
            }
            // Half of this is what a thread has on macOS; frames without optimization are more than twice as large.
            thread.stackSize = Sanitizer.stackFactor * (1 << 20)
            thread.start()
        }
        #expect(kind == .limit)
    }

    @Test func refusesDeepVariables() {
        var deep: JSON = [1]
        for _ in 0..<200 { deep = [deep] }
        #expect(error("{{ x }}", ["x": deep])?.kind == .limit)
    }

    @Test func survivesEveryPrefixAndDamage() throws {
        let templates = try #require(TemplateFixture.all["templates"]?.object)
        for (_, source) in templates {
            let text = Array(try #require(source.string).unicodeScalars)
            for end in stride(from: 0, to: text.count, by: 7) {
                var view = String.UnicodeScalarView()
                view.append(contentsOf: text[..<end])
                _ = error(String(view))
                var damaged = text
                damaged.remove(at: end)
                view = String.UnicodeScalarView()
                view.append(contentsOf: damaged)
                _ = error(String(view))
            }
        }
    }
}
