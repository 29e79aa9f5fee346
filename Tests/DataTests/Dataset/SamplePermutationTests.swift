import Tensor
import Testing

@testable import Data

@Suite struct SamplePermutationTests {
    /// A shuffled order that is computed however few samples there are.
    private func computed(_ count: Int, epoch: Int = 0, seed: UInt64 = 7) -> SamplePermutation {
        SamplePermutation(count: count, epoch: epoch, order: .shuffled(seed: seed), listLimit: 0)
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 15, 16, 17, 64, 97, 251, 1000, 1021, 4095, 4096, 4097, 5003, 16384, 16385])
    func hasEverySampleOnce(count: Int) {
        for epoch in 0..<3 {
            #expect(SampleOrder.sequential.permutation(count: count, epoch: epoch).elementsEqual(0..<count))
            #expect(SampleOrder.shuffled(seed: 7).permutation(count: count, epoch: epoch).sorted() == Array(0..<count))
            #expect(count == 0 || computed(count, epoch: epoch).sorted() == Array(0..<count))
        }
    }

    @Test func isTheSameEverywhere() {
        // From an independent transcription in Python.
        let order = SampleOrder.shuffled(seed: 1337)
        #expect((0..<8).map { order.permutation(count: 5000, epoch: 0)[$0] } == [1482, 1093, 1262, 165, 1042, 3397, 4271, 3354])
        #expect((0..<8).map { order.permutation(count: 5000, epoch: 1)[$0] } == [1486, 2310, 3991, 2878, 2016, 1621, 3298, 89])
        #expect(Array(computed(10, seed: 1337)) == [9, 4, 1, 3, 5, 0, 8, 7, 6, 2])
        let vast = order.permutation(count: 1 << 40, epoch: 0)
        #expect([0, 1, 2, 1 << 40 - 1].map { vast[$0] } == [799_743_382_173, 1_083_344_104_293, 3_926_232_829, 894_346_220_186])
    }

    @Test func differsBetweenEpochsAndSeeds() {
        let order = SampleOrder.shuffled(seed: 7)
        let orders = [
            order.permutation(count: 5003, epoch: 0), order.permutation(count: 5003, epoch: 1),
            SampleOrder.shuffled(seed: 8).permutation(count: 5003, epoch: 0),
            SampleOrder.shuffled(seed: 8).permutation(count: 5003, epoch: 1),
        ].map(Array.init)
        for first in orders.indices {
            for second in first + 1..<orders.count {
                // Two orders that have nothing to do with one another agree in one place on average.
                #expect(zip(orders[first], orders[second]).count { $0 == $1 } < 8)
            }
        }
    }

    /// Pearson's chi-square over counts that should be equal: about the number of counts, give or take the root of
    /// twice that.
    private func chiSquare(_ counts: [Int]) -> Double {
        let expected = Double(counts.reduce(0, +)) / Double(counts.count)
        return counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    }

    @Test func placesEverySampleEverywhereAlike() {
        var first = [Int](repeating: 0, count: 97)
        var placeOfZero = first
        for epoch in 0..<4850 {
            let order = computed(97, epoch: epoch)
            first[order[0]] += 1
            placeOfZero[order.firstIndex(of: 0) ?? 0] += 1
        }
        #expect(chiSquare(first) < 97 + 4 * 13.9, "\(chiSquare(first))")
        #expect(chiSquare(placeOfZero) < 97 + 4 * 13.9, "\(chiSquare(placeOfZero))")
    }

    @Test func treatsPairsAlike() {
        // Which sixteenth of the samples comes first and which second, over the epochs; and the same of neighbours
        // throughout one epoch.
        let count = 16 * 1021
        var firsts = [Int](repeating: 0, count: 256)
        for epoch in 0..<5120 {
            let order = computed(count, epoch: epoch)
            firsts[order[0] / 1021 * 16 + order[1] / 1021] += 1
        }
        #expect(chiSquare(firsts) < 256 + 4 * 22.6, "\(chiSquare(firsts))")
        let order = Array(SampleOrder.shuffled(seed: 3).permutation(count: count, epoch: 0))
        var neighbours = [Int](repeating: 0, count: 256)
        for (one, next) in zip(order, order.dropFirst()) { neighbours[one / 1021 * 16 + next / 1021] += 1 }
        #expect(chiSquare(neighbours) < 256 + 4 * 22.6, "\(chiSquare(neighbours))")
        // What was side by side hardly ever is again: twice on average, and the place says nothing of the sample.
        #expect(zip(order, order.dropFirst()).count { abs($0 - $1) == 1 } < 10)
        let mean = Double(count - 1) / 2
        let covariance = order.enumerated().reduce(0) { $0 + (Double($1.offset) - mean) * (Double($1.element) - mean) }
        let variance = (0..<count).reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        #expect(abs(covariance / variance) < 4 / Double(count).squareRoot())
    }
}
