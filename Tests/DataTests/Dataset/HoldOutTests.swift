import Data
import Foundation
import Tensor
import TestSupport
import Testing

@Suite struct HoldOutTests {
    private static let counts = [0, 1, 2, 3, 7, 10, 40, 97, 1000, 4097]

    @Test(arguments: [0, 0.01, 0.05, 0.1, 0.25, 1 / 3.0, 0.4, 0.5, 0.8, 1])
    func dealsEverySampleToOneSideAndKeepsTheOrder(share: Double) {
        for count in Self.counts {
            let choice = HoldOut(share, of: count, seed: 3)
            #expect(choice.heldOutCount == Int((share * Double(count)).rounded()))
            let heldOut = (0..<choice.heldOutCount).map(choice.heldOut(at:))
            let kept = (0..<choice.keptCount).map(choice.kept(at:))
            #expect(zip(heldOut, heldOut.dropFirst()).allSatisfy(<) && zip(kept, kept.dropFirst()).allSatisfy(<))
            #expect((heldOut + kept).sorted() == Array(0..<count))
            #expect((0..<count).filter(choice.isHeldOut) == heldOut)
        }
    }

    @Test func isTheSameEverywhere() {
        // From an independent transcription in Python.
        func heldOut(_ choice: HoldOut) -> [Int] { (0..<choice.heldOutCount).map(choice.heldOut(at:)) }
        #expect(heldOut(HoldOut(0.2, of: 40, seed: 1337)) == [1, 8, 10, 17, 22, 25, 34, 35])
        #expect(heldOut(HoldOut(0.3, of: 23, seed: 7)) == [1, 6, 9, 11, 14, 17, 22])
        #expect(heldOut(HoldOut(0.5, of: 7, seed: 1)) == [1, 2, 4, 6])
        // Of so many samples nothing can be listed.
        let vast = HoldOut(0.05, of: 1 << 40, seed: 1337)
        #expect(vast.heldOutCount == 54_975_581_389)
        #expect(
            [0, 1, vast.heldOutCount / 2, vast.heldOutCount - 1].map(vast.heldOut(at:)) == [7, 32, 549_755_813_899, 1_099_511_627_768])
        #expect(vast.isHeldOut(32) && !vast.isHeldOut(33) && vast.kept(at: vast.keptCount - 1) == 1 << 40 - 1)
    }

    @Test func everySampleIsHeldOutAsOften() {
        // Pearson's chi-square; its mean is the number of counts, its variance twice that.
        var times = [Int](repeating: 0, count: 100)
        for seed in 0..<4000 {
            let choice = HoldOut(0.1, of: 100, seed: UInt64(seed))
            for place in 0..<choice.heldOutCount { times[choice.heldOut(at: place)] += 1 }
        }
        let chiSquare = times.reduce(0.0) { $0 + pow(Double($1) - 400, 2) / 400 }
        #expect(chiSquare < 100 + 4 * 14.1, "\(chiSquare)")
    }
}

@Suite struct SubsetTests {
    private struct Places: SampleSource {
        let count: Int
        func sample(at index: Int) -> Sample { Sample(ids: [Int32(index), 0], mask: [false, true]) }
    }

    /// The places in the source that a loader goes through, in order.
    private func places(_ subset: Subset<Places>, _ order: SampleOrder = .sequential) throws -> [Int] {
        let loader = DataLoader(subset, batchSize: 3, order: order, workers: 2, sharesPrefixes: false)
        let batches = loader.epoch(0)
        var places: [Int] = []
        while let batch = try batches.next() {
            places += batch.tokens.map(Int.init)
            #expect(batch.sampleIndices.map(subset.sourceIndex(of:)) == batch.tokens.map(Int.init))
        }
        return places
    }

    @Test func aLoaderGoesThroughAPart() throws {
        let source = Places(count: 50)
        let choice = HoldOut(0.3, of: 50, seed: 11)
        let heldOut = Subset.heldOut(choice, of: source)
        let kept = Subset.kept(choice, of: source)
        #expect(heldOut.count == 15 && kept.count == 35)
        #expect(try places(.all(of: source)) == Array(0..<50))
        #expect(try places(heldOut) + places(kept) != Array(0..<50))
        #expect(try (places(heldOut) + places(kept)).sorted() == Array(0..<50))
        let shuffled = try places(kept, .shuffled(seed: 2))
        #expect(try shuffled != places(kept) && shuffled.sorted() == places(kept))
        for index in 0..<50 {
            #expect(heldOut.contains(sourceIndex: index) != kept.contains(sourceIndex: index))
            #expect(try heldOut.contains(sourceIndex: index) == places(heldOut).contains(index))
        }
    }

    @Test(arguments: RecordAccess.allCases)
    func countsAPartAlone(access: RecordAccess) throws {
        func record(_ answer: Int) -> String {
            #"{"conversations":[{"role":"user","content":"a"},{"role":"assistant","content":"\#(String(repeating: "b", count: answer))"}]}"#
        }
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/data.jsonl"
        try (1...20).map(record).joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        let dataset = try SFTDataset(path: path, tokenizer: TestTokenizer.minimind(), maxSequenceLength: 200, access: access)
        let choice = HoldOut(0.2, of: 20, seed: 5)
        let whole = try dataset.statistics()
        let parts = try [Subset.heldOut(choice, of: dataset), .kept(choice, of: dataset)].map { subset in
            let statistics = try subset.statistics()
            let samples = try (0..<subset.count).map(subset.sample(at:))
            #expect(statistics.count == samples.count && statistics.tokens == samples.reduce(0) { $0 + $1.ids.count })
            #expect(statistics.longestLength == samples.map(\.ids.count).max())
            return statistics
        }
        #expect(parts[0].count == 4 && parts[0].count + parts[1].count == whole.count)
        #expect(parts[0].tokens + parts[1].tokens == whole.tokens)
        #expect(parts[0].countedTokens + parts[1].countedTokens == whole.countedTokens)
    }
}
