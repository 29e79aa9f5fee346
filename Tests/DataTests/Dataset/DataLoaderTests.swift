import Data
import Foundation
import Synchronization
import Tensor
import Testing

/// Samples of lengths that differ; `failing` throws.
private struct Numbers: SampleSource {
    struct Failure: Error, Equatable { let index: Int }

    var count: Int
    var failing: Int?
    var delay: Bool = false

    func sample(at index: Int) throws -> Sample {
        if index == failing { throw Failure(index: index) }
        // Uneven work, so that workers overtake one another.
        if delay { usleep(UInt32(index * 7919 % 5) * 100) }
        let length = index % 5
        return Sample(
            ids: (0..<length).map { Int32(truncatingIfNeeded: index * 10 + $0) }, mask: (0..<length).map { $0.isMultiple(of: 2) })
    }
}

@Suite struct BatchTests {
    @Test func packsSamples() {
        let batch = Batch(
            [
                (4, Sample(ids: [1, 2, 3], mask: [false, true, false])), (7, Sample(ids: [], mask: [])),
                (1, Sample(ids: [9], mask: [true])), (0, Sample(ids: [5, 6], mask: [true, true])),
            ], sharesPrefixes: false)
        #expect(batch.tokens == [1, 2, 5])
        #expect(batch.positions == [0, 1, 0])
        #expect(batch.predictions.map(\.row) == [0, 2])
        #expect(batch.predictions.map(\.target) == [2, 6])
        #expect(batch.predictions.map(\.count) == [1, 1])
        #expect(batch.segments.map(\.rows) == [0..<2, 2..<3])
        #expect(batch.segments.map(\.parent) == [nil, nil])
        #expect(batch.sampleIndices == [4, 7, 1, 0])
        #expect(batch.sampleTokens == 3 && batch.countedTokens == 2 && batch.sampleCount == 4)
    }

    @Test(arguments: [false, true])
    func padsWhenAsked(sharesPrefixes: Bool) {
        let batch = Batch(
            [
                (0, Sample(ids: [1, 2], mask: [false, true])), (1, Sample(ids: [], mask: [])),
                (2, Sample(ids: [3], mask: [false])),
                (3, Sample(ids: [4, 5, 6, 7], mask: [false, false, false, true])),
                (4, Sample(ids: [4, 5, 6, 7, 8], mask: [false, false, false, false, true])),
            ], padding: (4, 0), sharesPrefixes: sharesPrefixes)
        #expect(batch.tokens == [1, 2, 0, 0, 0, 0, 3, 0, 0, 4, 5, 6, 4, 5, 6, 7])
        #expect(batch.positions == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 3])
        #expect(batch.predictions.map(\.row) == [0, 11, 15])
        #expect(batch.predictions.map(\.target) == [2, 7, 8])
        #expect(batch.predictions.map(\.count) == [1, 1, 1])
        #expect(batch.segments.map(\.rows) == [0..<3, 3..<6, 6..<9, 9..<12, 12..<16])
        #expect(batch.segments.allSatisfy { $0.parent == nil })
        #expect(batch.sampleTokens == 16)
    }

    @Test func emptyBatch() {
        let batch = Batch([])
        #expect(batch.tokens.isEmpty && batch.positions.isEmpty && batch.segments.isEmpty && batch.predictions.isEmpty)
        #expect(batch.sampleCount == 0 && batch.sampleTokens == 0 && batch.countedTokens == 0)
    }
}

@Suite struct DataLoaderTests {
    private func batches<Source>(_ loader: DataLoader<Source>, _ epoch: Int = 0, from first: Int = 0) throws -> [Batch] {
        let iterator = loader.epoch(epoch, startingAt: first)
        var batches: [Batch] = []
        while let batch = try iterator.next() { batches.append(batch) }
        #expect(try iterator.next() == nil)
        return batches
    }

    @Test(arguments: [0, 1, 2, 7, 200])
    func theWorkersNeverChangeTheBatches(workers: Int) throws {
        let source = Numbers(count: 103, delay: true)
        let plain = try batches(DataLoader(source, batchSize: 4))
        #expect(plain.count == 26)
        #expect(plain.flatMap(\.sampleIndices) == Array(0..<103))
        #expect(plain.last?.sampleCount == 3)
        #expect(try batches(DataLoader(source, batchSize: 4, workers: workers)) == plain)
        #expect(try batches(DataLoader(source, batchSize: 4, workers: workers), from: 20) == Array(plain[20...]))
        #expect(try batches(DataLoader(source, batchSize: 4, workers: workers), from: 26).isEmpty)
        #expect(try batches(DataLoader(source, batchSize: 4, workers: workers), from: 99).isEmpty)
        #expect(try batches(DataLoader(Numbers(count: 0), batchSize: 4, workers: workers)).isEmpty)
    }

    @Test func shufflesTheSameEverywhere() throws {
        func indices(_ order: SampleOrder, _ count: Int, _ epoch: Int) -> [Int] {
            Array(order.permutation(count: count, epoch: epoch))
        }
        #expect(indices(.sequential, 4, 3) == [0, 1, 2, 3])
        let order = SampleOrder.shuffled(seed: 1337)
        let first = indices(order, 50, 0)
        #expect(first.sorted() == Array(0..<50))
        #expect(first == indices(order, 50, 0))
        #expect(first != indices(order, 50, 1))
        #expect(first != indices(.shuffled(seed: 1338), 50, 0))
        #expect(indices(order, 0, 0) == [] && indices(order, 1, 9) == [0])
        // From an independent transcription of the generator in Python.
        #expect(indices(order, 10, 0) == [8, 9, 6, 0, 7, 4, 2, 5, 3, 1])
        #expect(indices(order, 10, 1) == [9, 8, 1, 5, 3, 2, 6, 0, 4, 7])
        // Every place is as likely as the others.
        var places = [Int](repeating: 0, count: 5)
        for epoch in 0..<5000 { places[indices(order, 5, epoch).firstIndex(of: 0) ?? 0] += 1 }
        #expect(places.allSatisfy { (880...1120).contains($0) }, "\(places)")
        let loader = DataLoader(Numbers(count: 50), batchSize: 8, order: order, workers: 2)
        #expect(try batches(loader).flatMap(\.sampleIndices) == first)
    }

    // MARK: Shards

    /// By torch.utils.data.DistributedSampler(range(samples), num_replicas, rank, shuffle=False).
    @Test(arguments: [
        (11, [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 0]]),
        (3, [[0], [1], [2], [0], [1], [2], [0], [1]]),
        (10, [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]),
        (7, [[0, 3, 6], [1, 4, 0], [2, 5, 1]]),
    ])
    func shardsAsPyTorchDoes(count: Int, shards: [[Int]]) throws {
        let order = SampleOrder.shuffled(seed: 5)
        let shuffled = order.permutation(count: count, epoch: 2)
        for (rank, expected) in shards.enumerated() {
            let shard = Shard(rank: rank, count: shards.count)
            func indices(_ order: SampleOrder, _ fill: Shard.Fill, batchSize: Int) throws -> [[Int]] {
                let loader = DataLoader(
                    Numbers(count: count), batchSize: batchSize, order: order, shard: shard, fill: fill)
                #expect(loader.batchesPerEpoch == (expected.count + batchSize - 1) / batchSize)
                return try batches(loader, 2).map(\.sampleIndices)
            }
            #expect(try indices(.sequential, .repeated, batchSize: 2).flatMap { $0 } == expected)
            #expect(try indices(order, .repeated, batchSize: 3).flatMap { $0 } == expected.map { shuffled[$0] })
            // Without repetition: each place that would repeat stays empty, and its batch stays.
            let own = expected.enumerated().filter { rank + $0.offset * shards.count < count }.map(\.element)
            #expect(
                try indices(.sequential, .empty, batchSize: 1)
                    == own.map { [$0] } + Array(repeating: [], count: expected.count - own.count))
        }
    }

    @Test(arguments: [1, 3, 40, 41, 43, 103])
    func theStepsHaveTheSameSamplesForAnyNumberOfProcesses(count: Int) throws {
        let source = Numbers(count: count)
        let order = SampleOrder.shuffled(seed: 5)
        func steps(_ processes: Int, _ fill: Shard.Fill) throws -> [[Int]] {
            let shards = try (0..<processes).map { rank in
                try batches(
                    DataLoader(
                        source, batchSize: 8 / processes, order: order, workers: rank % 3,
                        shard: Shard(rank: rank, count: processes), fill: fill), 1)
            }
            return (0..<shards[0].count).map { step in shards.flatMap { $0[step].sampleIndices }.sorted() }
        }
        let alone = try steps(1, .empty)
        #expect(try steps(1, .repeated) == alone)
        for processes in [2, 4, 8] {
            #expect(try steps(processes, .empty) == alone)
            // Repeated samples stand in the last step alone.
            let repeated = try steps(processes, .repeated)
            #expect(repeated.dropLast() == alone.dropLast())
            #expect(repeated.joined().count == (count + processes - 1) / processes * processes)
        }
    }

    @Test func aVastSourceTakesNoMemory() throws {
        // A list of its samples would have 8 TB.
        let source = Numbers(count: 1 << 40)
        let loader = DataLoader(
            source, batchSize: 4, order: .shuffled(seed: 1), workers: 1, shard: Shard(rank: 2, count: 3))
        let order = SampleOrder.shuffled(seed: 1).permutation(count: 1 << 40, epoch: 0)
        #expect(try loader.epoch(0).next()?.sampleIndices == [order[2], order[5], order[8], order[11]])
        let last = loader.batchesPerEpoch - 1
        #expect(last == ((1 << 40) + 2) / 3 / 4 - (((1 << 40) + 2) / 3 % 4 == 0 ? 1 : 0))
        #expect(try loader.epoch(0, startingAt: last).next()?.sampleCount == ((1 << 40) + 2) / 3 - last * 4)
    }

    @Test func countsWhatBecameOfSamples() throws {
        struct Mixed: SampleSource {
            let count = 4
            func sample(at index: Int) -> Sample {
                switch index {
                case 0: .badRecord
                case 1: Sample(ids: [1, 2], mask: [false, false], removed: 5)
                default: Sample(ids: [1, 2], mask: [false, true], removed: index)
                }
            }
        }
        let loader = DataLoader(Mixed(), batchSize: 3, padding: (3, 0))
        let drawn = try batches(loader)
        let sum = drawn.reduce(SampleCounts()) { $0 + $1.counts }
        #expect(sum.samples == 4 && sum.badRecords == 1 && sum.uncountedSamples == 1)
        #expect(sum.cutSamples == 3 && sum.removedTokens == 10)
        // The place of a bad record is kept, and not filled with padding.
        #expect(drawn[0].sampleIndices == [0, 1, 2] && drawn[0].tokens == [1, 2, 1, 2])
    }

    @Test func sharesUnlessToldNot() throws {
        struct Alike: SampleSource {
            let count = 4
            func sample(at index: Int) -> Sample {
                Sample(ids: Array(0..<20), mask: Array(repeating: true, count: 20))
            }
        }
        let shared = try batches(DataLoader(Alike(), batchSize: 3))
        #expect(shared.map(\.tokens.count) == [19, 19])
        #expect(shared.map(\.sampleTokens) == [57, 19])
        let apart = try batches(DataLoader(Alike(), batchSize: 3, sharesPrefixes: false))
        #expect(apart.map(\.tokens.count) == [57, 19])
        #expect(shared.map(\.countedTokens) == apart.map(\.countedTokens))
    }

    @Test(arguments: [0, 1, 3])
    func errorsReachTheConsumerInTheirPlace(workers: Int) throws {
        let iterator = DataLoader(Numbers(count: 40, failing: 22, delay: true), batchSize: 4, workers: workers).epoch(0)
        for number in 0..<5 { #expect(try iterator.next()?.sampleIndices.first == number * 4) }
        #expect(throws: Numbers.Failure(index: 22)) { try iterator.next() }
        #expect(try iterator.next() == nil)
    }

    @Test func stopsWhenTheConsumerDoes() throws {
        let source = Numbers(count: 1000)
        for round in 0..<2000 {
            let iterator = DataLoader(source, batchSize: 3, workers: 1 + round % 4).epoch(round)
            for _ in 0..<round % 7 { _ = try iterator.next() }
        }
    }

    @Test func makesNoMoreThanItMay() throws {
        final class Counting: SampleSource {
            let made = Mutex(0)
            let count = 1000
            func sample(at index: Int) -> Sample {
                made.withLock { $0 += 1 }
                return Sample(ids: [1, 2], mask: [false, true])
            }
        }
        let source = Counting()
        let iterator = DataLoader(source, batchSize: 1, workers: 2).epoch(0)
        _ = try iterator.next()
        // Two batches ready for each worker, and the one that was taken.
        while source.made.withLock({ $0 }) < 5 { usleep(1000) }
        usleep(50_000)
        #expect(source.made.withLock { $0 } == 5)
        withExtendedLifetime(iterator) {}
    }
}
