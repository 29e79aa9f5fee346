import Tensor
import Testing

@testable import Data

/// Merging against the plain rule: again and again the leftmost pair of the lowest rank, found by looking at all of them.
@Suite struct MergeTests {
    /// A random vocabulary over few letters, so that the same pairs meet in many ways. The tokens of most tables are learnt one
    /// after the other, and those of others have ranks in no order at all, as no trainer gives them.
    private struct Table {
        var vocabulary: JSONObject = [:]
        var merges: [[String]] = []

        init(_ random: inout RandomGenerator) {
            let letters = ["a", "b", "c", "d"].prefix(Int.random(in: 1...4, using: &random))
            var tokens = Array(letters)
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let halves = [tokens.randomElement(using: &random)!, tokens.randomElement(using: &random)!]
                guard halves.joined().count <= 12, !merges.contains(halves) else { continue }
                merges.append(halves)
                if !tokens.contains(halves.joined()) { tokens.append(halves.joined()) }
            }
            if Int.random(in: 0..<3, using: &random) == 0 { merges.shuffle(using: &random) }
            for (id, token) in tokens.shuffled(using: &random).enumerated() { vocabulary[token] = .integer(id) }
        }

        func word(_ random: inout RandomGenerator) -> String {
            let letters = vocabulary.keys.filter { $0.count == 1 }
            let isEven = Bool.random(using: &random)
            return (0..<Int.random(in: 1...24, using: &random))
                .map { _ in isEven ? letters[0] : letters.randomElement(using: &random)! }.joined()
        }
    }

    /// - Parameter rank: Of a pair of tokens; `nil` where they do not merge.
    private func merged(_ word: String, rank: (String, String) -> Int?) -> [String] {
        var tokens = word.map(String.init)
        while true {
            let pairs = tokens.indices.dropLast().compactMap { index in rank(tokens[index], tokens[index + 1]).map { ($0, index) } }
            guard let (_, index) = pairs.min(by: <) else { return tokens }
            tokens[index] += tokens.remove(at: index + 1)
        }
    }

    private func encoded(_ word: String, _ model: BytePairEncoding) throws -> [String] {
        var workspace = MergeWorkspace()
        var text = word
        try text.withUTF8Bytes { bytes throws(TokenizerError) in try model.encode(bytes, in: &workspace) }
        var (tokens, lengths) = ([String](), 0)
        workspace.forEachToken { id, length in
            tokens.append(model.vocabulary.tokens[id] ?? "?")
            lengths += Int(length)
        }
        #expect(lengths == word.utf8.count)
        return tokens
    }

    @Test func mergesGoByTheirOrder() throws {
        var random = RandomGenerator(seed: 17)
        for _ in 0..<400 {
            let table = Table(&random)
            let field = JSONField(
                file: "tokenizer.json", path: "model",
                value: ["vocab": .object(table.vocabulary), "merges": .array(table.merges.map { .array($0.map(JSON.string)) })])
            let model = try BytePairEncoding(field, isByteLevel: false)
            var ranks: [[String]: Int] = [:]
            for (rank, merge) in table.merges.enumerated() { ranks[merge] = rank }
            for _ in 0..<20 {
                let word = table.word(&random)
                #expect(try encoded(word, model) == merged(word) { ranks[[$0, $1]] }, "\(word) by \(table.merges)")
            }
        }
    }

    @Test func mergesGoByScores() throws {
        var random = RandomGenerator(seed: 18)
        for _ in 0..<400 {
            let table = Table(&random)
            let ids = table.vocabulary.sorted { $0.value.integer ?? 0 < $1.value.integer ?? 0 }.map(\.key)
            let vocabulary = try Vocabulary(list: ids, file: "tiny.gguf", place: "tokens")
            // Few scores, so that tokens share them.
            let scores = ids.map { _ in Float(Int.random(in: -9...0, using: &random)) }
            let options = JSONField(file: "tiny.gguf", path: "model", value: [:])
            let model = try BytePairEncoding(options: options, isByteLevel: false, scores: scores) { () throws(TokenizerError) in
                (vocabulary, MergeTable(scores: scores, vocabulary))
            }
            for _ in 0..<20 {
                let word = table.word(&random)
                let expected = merged(word) { left, right in vocabulary.id(of: left + right).map { -Int(scores[Int($0)]) } }
                #expect(try encoded(word, model) == expected, "\(word) by \(ids) with \(scores)")
            }
        }
    }
}
