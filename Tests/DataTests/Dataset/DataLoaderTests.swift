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
            ids: (0..<length).map { Int32(index * 10 + $0) }, mask: (0..<length).map { $0.isMultiple(of: 2) })
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
    private func batches<Source>(_ loader: DataLoader<Source>, _ epoch: Int = 0, from first: Int = 0) throws -> [Batch]
    {
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
        #expect(SampleOrder.sequential.indices(count: 4, epoch: 3) == [0, 1, 2, 3])
        let order = SampleOrder.shuffled(seed: 1337)
        let first = order.indices(count: 50, epoch: 0)
        #expect(first.sorted() == Array(0..<50))
        #expect(first == order.indices(count: 50, epoch: 0))
        #expect(first != order.indices(count: 50, epoch: 1))
        #expect(first != SampleOrder.shuffled(seed: 1338).indices(count: 50, epoch: 0))
        #expect(order.indices(count: 0, epoch: 0) == [] && order.indices(count: 1, epoch: 9) == [0])
        // From an independent transcription of the generator in Python.
        #expect(order.indices(count: 10, epoch: 0) == [8, 9, 6, 0, 7, 4, 2, 5, 3, 1])
        #expect(order.indices(count: 10, epoch: 1) == [9, 8, 1, 5, 3, 2, 6, 0, 4, 7])
        // Every place is as likely as the others.
        var places = [Int](repeating: 0, count: 5)
        for epoch in 0..<5000 { places[order.indices(count: 5, epoch: epoch).firstIndex(of: 0) ?? 0] += 1 }
        #expect(places.allSatisfy { (880...1120).contains($0) }, "\(places)")
        let loader = DataLoader(Numbers(count: 50), batchSize: 8, order: order, workers: 2)
        #expect(try batches(loader).flatMap(\.sampleIndices) == first)
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
        usleep(50_000)
        // Two batches ready for each worker, and the one that was taken.
        #expect(source.made.withLock { $0 } == 5)
        withExtendedLifetime(iterator) {}
    }
}
