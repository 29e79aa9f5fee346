import Data
import Tensor
import Testing

/// What a batch says, spelled out token by token, without its own knowledge of what is shared.
private struct Reading {
    /// A next token, and all ids before it.
    struct Question: Hashable {
        let context: [Int32]
        let target: Int32
    }

    /// Of each row the ids of its sample up to and with it.
    private(set) var contexts: [[Int32]] = []

    init(_ batch: Batch) {
        for segment in batch.segments {
            var context = segment.parent.map { contexts[batch.segments[$0].rows.upperBound - 1] } ?? []
            for row in segment.rows {
                context.append(batch.tokens[row])
                contexts.append(context)
            }
        }
    }

    /// How often each next token is asked for.
    func questions(_ batch: Batch) -> [Question: Int] {
        batch.predictions.reduce(into: [:]) { questions, prediction in
            let question = Question(context: contexts[Int(prediction.row)], target: prediction.target)
            questions[question, default: 0] += Int(prediction.count)
        }
    }

    /// The same, of the samples themselves, one by one.
    static func questions(_ samples: [Sample]) -> [Question: Int] {
        samples.reduce(into: [:]) { questions, sample in
            for place in sample.ids.indices where sample.mask[place] {
                questions[Question(context: Array(sample.ids[..<place]), target: sample.ids[place]), default: 0] += 1
            }
        }
    }
}

@Suite struct PrefixTrieTests {
    /// A sample all of whose ids count, but for the first.
    private func sample(_ ids: [Int32]) -> Sample { Sample(ids: ids, mask: ids.map { _ in true }) }

    private func batch(_ samples: [Sample], sharesPrefixes: Bool = true) -> Batch {
        Batch(samples.enumerated().map { ($0.offset, $0.element) }, sharesPrefixes: sharesPrefixes)
    }

    private func batch(_ ids: [Int32]...) -> Batch { batch(ids.map(sample)) }

    private func segments(_ batch: Batch) -> [String] {
        batch.segments.map { "\($0.rows) of \($0.parent.map(String.init) ?? "none")" }
    }

    /// `row: target × count`, those of count 1 without it.
    private func predictions(_ batch: Batch) -> [String] {
        batch.predictions.map { "\($0.row): \($0.target)" + ($0.count == 1 ? "" : " × \($0.count)") }
    }

    // MARK: Any samples

    /// Samples over an alphabet of two or three ids, many of which begin as an earlier one does.
    private func samples(_ generator: inout RandomGenerator) -> [Sample] {
        let alphabet = Int32.random(in: 2...3, using: &generator)
        var samples: [Sample] = []
        for _ in 0..<Int.random(in: 0...9, using: &generator) {
            var ids = samples.randomElement(using: &generator)?.ids ?? []
            ids.removeLast(Int.random(in: 0...min(20, ids.count), using: &generator))
            let longer = [0, 1, 10, 40].randomElement(using: &generator) ?? 0
            for _ in 0..<Int.random(in: 0...longer, using: &generator) {
                ids.append(Int32.random(in: 0..<alphabet, using: &generator))
            }
            samples.append(Sample(ids: ids, mask: ids.map { _ in Bool.random(using: &generator) }))
        }
        return samples
    }

    @Test func saysWhatTheSamplesSay() {
        var generator = RandomGenerator(seed: 20)
        var (shared, nested) = (0, 0)
        for round in 0..<2000 {
            let samples = samples(&generator)
            let batch = batch(samples)
            let reading = Reading(batch)
            let whole = samples.map(\.ids)

            #expect(batch.segments.flatMap(\.rows) == Array(batch.tokens.indices), "round \(round)")
            #expect(batch.positions == reading.contexts.map { Int32($0.count - 1) }, "round \(round)")
            let rows = Set(reading.contexts)
            #expect(Set(whole.flatMap { ids in ids.indices.dropLast().map { Array(ids[...$0]) } }) == rows)
            let parents = Set(batch.segments.compactMap(\.parent))
            for (index, segment) in batch.segments.enumerated() where !parents.contains(index) {
                let path = reading.contexts[segment.rows.upperBound - 1]
                #expect(whole.contains { $0.dropLast() == path }, "round \(round): a path that no sample ends")
            }

            #expect(reading.questions(batch) == Reading.questions(samples), "round \(round)")
            let keys = batch.predictions.map { [$0.row, $0.target] }
            #expect(zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }, "round \(round)")
            #expect(batch.predictions.allSatisfy { $0.count >= 1 })

            #expect(batch.tokens.count <= batch.sampleTokens)
            #expect(batch.sampleTokens == whole.reduce(0) { $0 + max(0, $1.count - 1) })
            #expect(batch.countedTokens == samples.reduce(0) { $0 + $1.countedTokens })
            shared += batch.sampleTokens - batch.tokens.count
            nested += batch.segments.count { $0.parent.map { batch.segments[$0].parent != nil } ?? false }
        }
        // The samples were of the kind that this is about.
        #expect(shared > 20_000 && nested > 200, "\(shared) \(nested)")
    }

    /// Segments are maximal, worth their price, and depth first.
    @Test func branchesWhereItPays() {
        var generator = RandomGenerator(seed: 21)
        for round in 0..<2000 {
            let batch = batch(samples(&generator))
            var path: [Int] = []
            for (index, segment) in batch.segments.enumerated() {
                while path.last != segment.parent, path.popLast() != nil {}
                #expect(path.last == segment.parent, "round \(round): not depth first")
                path.append(index)
            }
            for (parent, children) in Dictionary(grouping: batch.segments, by: \.parent) {
                if let parent {
                    #expect(batch.segments[parent].rows.count >= 8 && children.count >= 2, "round \(round)")
                }
                let runs = children.map { Array(batch.tokens[$0.rows].prefix(8)) }
                for (index, run) in runs.enumerated() {
                    let others = runs[..<index] + runs[(index + 1)...]
                    #expect(!others.contains { $0.starts(with: run) }, "round \(round): siblings that could share")
                }
            }
        }
    }

    @Test func sharesNothingWhenToldNot() {
        var generator = RandomGenerator(seed: 22)
        for _ in 0..<300 {
            let samples = samples(&generator)
            let batch = batch(samples, sharesPrefixes: false)
            let kept = samples.filter { $0.ids.count > 1 }
            #expect(batch.tokens == kept.flatMap { $0.ids.dropLast() })
            #expect(batch.positions == kept.flatMap { 0..<Int32($0.ids.count - 1) })
            #expect(batch.segments.map(\.rows.count) == kept.map { $0.ids.count - 1 })
            #expect(batch.segments.allSatisfy { $0.parent == nil })
            let following = kept.flatMap { zip($0.ids, $0.mask).dropFirst() }
            let counted = following.enumerated().filter(\.element.1)
            #expect(batch.predictions.map(\.row) == counted.map { Int32($0.offset) })
            #expect(batch.predictions.map(\.target) == counted.map(\.element.0))
            #expect(batch.predictions.allSatisfy { $0.count == 1 })
            #expect(batch.sampleTokens == batch.tokens.count)
        }
    }

    @Test func isTheSameEachTime() {
        var generator = RandomGenerator(seed: 23)
        for _ in 0..<300 {
            let samples = samples(&generator)
            let batch = batch(samples)
            #expect(self.batch(samples) == batch)
            // What is shared depends on the samples alone; their order decides only what comes first.
            let reversed = self.batch(samples.reversed())
            #expect(reversed.tokens.count == batch.tokens.count && reversed.segments.count == batch.segments.count)
            #expect(Reading(reversed).questions(reversed) == Reading(batch).questions(batch))
        }
    }

    // MARK: Particular samples

    private let prompt: [Int32] = [1, 2, 3, 4, 5, 6, 7, 8]

    @Test func nestsAndComesInTheOrderOfTheSamples() {
        let second: [Int32] = [11, 12, 13, 14, 15, 16, 17, 18]
        let batch = batch(
            prompt + [90, 91], [80, 81], prompt + second + [70, 71], prompt + [30, 31], prompt + second + [20, 21],
            [5, 6])
        #expect(batch.tokens == prompt + [90] + second + [70, 20, 30, 80, 5])
        #expect(batch.positions == Array(0..<8) + [8] + Array(8..<16) + [16, 16, 8, 0, 0])
        #expect(
            segments(batch) == [
                "0..<8 of none", "8..<9 of 0", "9..<17 of 0", "17..<18 of 2", "18..<19 of 2", "19..<20 of 0",
                "20..<21 of none", "21..<22 of none",
            ])
        #expect(batch.sampleTokens == 9 + 1 + 17 + 9 + 17 + 1)
        #expect(
            predictions(batch).dropFirst(6) == [
                "6: 8 × 4", "7: 11 × 2", "7: 30", "7: 90", "8: 91", "9: 12 × 2", "10: 13 × 2", "11: 14 × 2",
                "12: 15 × 2", "13: 16 × 2", "14: 17 × 2", "15: 18 × 2", "16: 20", "16: 70", "17: 71", "18: 21",
                "19: 31", "20: 81", "21: 6",
            ])
    }

    /// Whichever of the samples in it has the higher ids.
    @Test func aSegmentComesWithItsFirstSample() {
        #expect(batch(prompt + [20, 1], [80, 81], prompt + [30, 1]).tokens == prompt + [20, 30, 80])
        #expect(batch(prompt + [30, 1], [80, 81], prompt + [20, 1]).tokens == prompt + [30, 20, 80])
        #expect(batch([80, 81], prompt + [30, 1], [0, 1], prompt + [20, 1]).tokens == [80] + prompt + [30, 20, 0])
    }

    @Test func aRunMustBeWorthIt() {
        let short = Array(prompt.dropLast())
        #expect(segments(batch(short + [20, 21], short + [30, 31])) == ["0..<8 of none", "8..<16 of none"])
        #expect(
            segments(batch(prompt + [20, 21], prompt + [30, 31])) == ["0..<8 of none", "8..<9 of 0", "9..<10 of 0"])
        // The same beyond a shared run: 7 more are not enough.
        let batch = batch(prompt + short + [20, 21], prompt + short + [30, 31], prompt + [40, 41])
        #expect(segments(batch) == ["0..<8 of none", "8..<16 of 0", "16..<24 of 0", "24..<25 of 0"])
        #expect(predictions(batch)[7...9] == ["7: 1 × 2", "7: 40", "8: 2"])
    }

    @Test func identicalSamples() {
        let batch = batch([1, 2, 3], [1, 2, 3], [1, 2, 3])
        #expect(batch.tokens == [1, 2])
        #expect(segments(batch) == ["0..<2 of none"])
        #expect(predictions(batch) == ["0: 2 × 3", "1: 3 × 3"])
        #expect(batch.sampleTokens == 6 && batch.countedTokens == 6 && batch.sampleCount == 3)
    }

    @Test func lastIDsAreOnlyTargets() {
        let batch = batch(prompt + [20], prompt + [10], prompt + [20], prompt + [10, 11])
        #expect(batch.tokens == prompt + [10])
        #expect(segments(batch) == ["0..<9 of none"])
        #expect(predictions(batch).suffix(4) == ["6: 8 × 4", "7: 10 × 2", "7: 20 × 2", "8: 11"])
    }

    /// It needs no segment, so that no run is too short for it.
    @Test func aSampleThatIsTheBeginningOfAnother() {
        let longer = batch([1, 2, 3], [1, 2, 3, 4, 5], [1, 9])
        #expect(longer.tokens == [1, 2, 3, 4])
        #expect(segments(longer) == ["0..<4 of none"])
        #expect(predictions(longer) == ["0: 2 × 2", "0: 9", "1: 3 × 2", "2: 4", "3: 5"])

        // One that ends within a shared run, one at its end, one behind it.
        let several = batch(
            prompt + [20, 21], [1, 2, 3, 4], prompt + [30, 31, 32], prompt + [77], prompt + [30, 44], [1, 2])
        #expect(several.tokens == prompt + [20, 30, 31])
        #expect(segments(several) == ["0..<8 of none", "8..<9 of 0", "9..<11 of 0"])
        #expect(
            predictions(several) == [
                "0: 2 × 6", "1: 3 × 5", "2: 4 × 5", "3: 5 × 4", "4: 6 × 4", "5: 7 × 4", "6: 8 × 4", "7: 20",
                "7: 30 × 2", "7: 77", "8: 21", "9: 31", "9: 44", "10: 32",
            ])

        // The beginning of two that share no segment goes with one of them.
        let either = batch([1, 2, 3, 50, 51], [1, 2, 3], [1, 2, 3, 40, 41])
        #expect(either.tokens == [1, 2, 3, 50, 1, 2, 3, 40])
        #expect(either.countedTokens == 10)
    }

    @Test func tooShortForARow() {
        #expect(batch([], [7], []).segments.isEmpty)
        let batch = batch([], prompt + [9], [1], prompt + [9])
        #expect(batch.tokens == prompt)
        #expect(segments(batch) == ["0..<8 of none"])
        #expect(batch.sampleCount == 4 && batch.sampleTokens == 16 && batch.countedTokens == 16)
    }

    @Test func eachSampleCountsItsOwn() {
        let batch = batch([
            Sample(ids: [1, 2, 3, 4], mask: [false, true, false, true]),
            Sample(ids: [1, 2, 3, 4], mask: [false, false, false, true]),
            Sample(ids: [1, 2, 3, 5, 6], mask: [false, false, false, false, true]),
            Sample(ids: [1, 2, 3, 5, 6], mask: [false, false, false, false, false]),
        ])
        #expect(batch.tokens == [1, 2, 3, 5])
        #expect(predictions(batch) == ["0: 2", "2: 4 × 2", "3: 6"])
        #expect(batch.countedTokens == 4)
    }

    /// As deep as it gets: each sample branches off further along the longest.
    @Test func deepTries() {
        let spine = (0..<8 * 400).map { Int32($0) }
        let samples = (1..<400).map { sample(Array(spine[..<(8 * $0)]) + [-1, -2]) } + [sample(spine)]
        let batch = batch(samples)
        #expect(batch.tokens.count == spine.count - 1 + 399)
        #expect(batch.segments.count == 2 * 399 + 1)
        #expect(batch.countedTokens == samples.reduce(0) { $0 + $1.countedTokens })
    }
}
