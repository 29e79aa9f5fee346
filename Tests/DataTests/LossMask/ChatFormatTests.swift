import Data
import Foundation
import Tensor
import TestSupport
import Testing

/// What a template sees besides the turns.
@Suite struct ChatFormatTests {
    private func format(_ template: String, arguments: JSONObject = [:], date: Date = Date()) throws -> ChatFormat {
        try ChatFormat(TestTokenizer.minimind(), template: template, arguments: arguments, date: date)
    }

    private func conversation(_ record: String) throws -> Conversation { try Conversation(record: JSON(parsing: record)) }

    private static let question = #"{"messages":[{"role":"user","content":"Hi"}]}"#

    @Test func aRecordsArgumentsGoBeforeTheRuns() throws {
        let format = try format("{{ a }} {{ b }} {{ eos_token }}", arguments: ["a": 1, "b": "x"])
        #expect(try format.render(conversation(Self.question)) == "1 x </s>")
        let record = Self.question.dropLast() + #","chat_template_kwargs":{"b":"y"}}"#
        #expect(try format.render(conversation(String(record))) == "1 y </s>")
    }

    @Test func theDayIsTheGivenOne() throws {
        let format = try format("{{ strftime_now('%Y') }}", date: Date(timeIntervalSince1970: 1_000_000_000))
        #expect(try format.render(conversation(Self.question)) == "2001")
    }

    /// A role of its own is told to templates that know it.
    @Test(arguments: ["developer", "ipython", "observation", "function"])
    func rolesThatTheTemplateKnowsAreKept(role: String) throws {
        let record = #"{"messages":[{"role":"\#(role)","content":"x"},{"role":"user","content":"Hi"}]}"#
        let plain = "{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}"
        let canonical = role == "developer" ? "system" : "tool"
        #expect(try format(plain).render(conversation(record)) == "\(canonical):x;user:Hi;")
        let knowing = "{% if messages[0].role == \"\(role)\" %}known {% endif %}" + plain
        #expect(try format(knowing).render(conversation(record)) == "known \(role):x;user:Hi;")
    }

    /// Parts go to templates that write them, and as one text to all others.
    @Test func partsAreWrittenAsText() throws {
        let record =
            #"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}"#
        #expect(try format("{% for m in messages %}{{ m.content }};{% endfor %}").render(conversation(record)) == "ab;")
        #expect(try format("{% for m in messages %}{{ m.content + '!' }}{% endfor %}").render(conversation(record)) == "ab!")
        let reading =
            "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endif %};{% endfor %}"
        #expect(try format(reading).render(conversation(record)) == "[a][b];")
    }

    @Test func builtInTemplatesAreFound() throws {
        for name in ChatTemplate.builtInNames {
            let template = try #require(ChatTemplate.builtIn(name))
            let encoder = ConversationEncoder(try format(template), maximumLength: 1000)
            let sample = try encoder.sample(
                Conversation(messages: [Message(role: "user", content: "Hi"), Message(role: "assistant", content: "Hello.")]))
            let counted = encoder.format.tokenizer.decode(zip(sample.ids, sample.mask).filter(\.1).map(\.0))
            #expect(counted.contains("Hello.") && !counted.contains("Hi") && counted.count > "Hello.".count, "\(name): \(counted)")
        }
        #expect(ChatTemplate.builtIn("none") == nil)
    }

    @Test func whatIsMissingIsSaid() throws {
        let tokenizer = try TestTokenizer.minimind(template: nil)
        #expect(throws: DatasetError.self) { try ChatFormat(tokenizer) }
        let broken = #expect(throws: DatasetError.self) { try ChatFormat(tokenizer, template: "\n{% if %}") }
        #expect(broken?.description.hasPrefix("chat template:2: ") == true, "\(broken.map(\.description) ?? "")")
    }
}
