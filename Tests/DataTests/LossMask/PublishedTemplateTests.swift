import Data
import Foundation
import Synchronization
import Tensor
import TestSupport
import Testing

/// The chat templates of published models: the text is that of transformers, and exactly what the assistant says counts.
@Suite(.enabled(if: Peers.hasTemplates, "\(Peers.absenceOfTemplates)"))
struct PublishedTemplateTests {
    /// What is wrong and stays so: its generation blocks leave out the token that ends a turn, and transformers goes by them.
    private static let known: Set<String> = ["KristianS7-Ouro-1.4B"]

    @Test func allAreFollowed() throws {
        let templates = try #require(Peers.run(["chat-templates"]).array)
        #expect(templates.count == 786)
        let faults = Mutex<[String: [String]]>([:])
        let records = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: templates.count) { index in
            let published = PublishedTemplate(templates[index])
            let found = published.faults()
            records.withLock { $0 += published.records.count }
            if !found.isEmpty { faults.withLock { $0[published.name] = found } }
        }
        #expect(records.withLock { $0 } > 6000)
        let all = faults.withLock { $0 }
        #expect(Set(all.keys) == Self.known, "\(all.filter { !Self.known.contains($0.key) })")
    }
}

private struct PublishedTemplate {
    let name: String
    let records: [JSON]
    private let json: JSON

    init(_ json: JSON) {
        self.json = json
        name = json["name"]?.string ?? ""
        records = json["records"]?.array ?? []
    }

    private func texts(_ key: String) -> [String] { (json[key]?.array ?? []).compactMap(\.string) }

    /// What is wrong, a line each.
    func faults() -> [String] {
        do {
            let marks = texts("marks")
            let tokenizer = try TestTokenizer.make(
                special: marks, bos: "<s>", eos: json["eos"]?.string, pad: nil, template: json["template"]?.string)
            let encoder = ConversationEncoder(try ChatFormat(tokenizer), maximumLength: 1_000_000)
            return try records.compactMap { record in try fault(record, encoder, marks) }
        } catch {
            return ["\(error)"]
        }
    }

    private func fault(_ record: JSON, _ encoder: ConversationEncoder, _ marks: [String]) throws -> String? {
        let name = record["name"]?.string ?? ""
        let sample: Sample
        do {
            sample = try encoder.sample(Conversation(record: record["record"] ?? .null))
        } catch {
            return "\(name): \(error)"
        }
        var bytes: [UInt8] = []
        var counted: [Bool] = []
        for (index, id) in sample.ids.enumerated() {
            let piece = id < 256 ? [UInt8(id)] : Array(marks[Int(id) - 256].utf8)
            if id >= 256, texts("ends").contains(marks[Int(id) - 256]), !sample.mask[index], Self.endsWithAnswer(bytes) {
                return "\(name): an answer's end does not count"
            }
            bytes += piece
            // The first token of a text has nothing before it to be predicted from.
            counted += piece.map { _ in sample.mask[index] || index == 0 }
        }
        guard bytes == Array((record["text"]?.string ?? "").utf8) else { return "\(name): another text" }
        let text = String(decoding: bytes, as: UTF8.self)
        let wrong = text.matches(of: /(USER|SYS|TOOL|ASST|CALL)[a-z]+/.asciiOnlyWordCharacters()).filter { match in
            let range =
                text.utf8.distance(
                    from: text.startIndex, to: match.range.lowerBound)..<text.utf8.distance(
                    from: text.startIndex, to: match.range.upperBound)
            let isAnswer = match.output.1 == "ASST" || match.output.1 == "CALL"
            return !counted[range].dropFirst(range.lowerBound == 0 ? 1 : 0).allSatisfy { $0 == isAnswer }
        }
        return wrong.isEmpty ? nil : "\(name): \(wrong.map { String($0.output.0) }.joined(separator: " "))"
    }

    private static func endsWithAnswer(_ bytes: [UInt8]) -> Bool {
        let word = bytes.reversed().prefix { (0x61...0x7A).contains($0) }
        return !word.isEmpty && bytes.dropLast(word.count).suffix(4).elementsEqual("ASST".utf8)
    }
}
