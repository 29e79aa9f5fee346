import Tensor

/// In which order an epoch goes through the samples.
public enum SampleOrder: Sendable, Equatable {
    /// The order of the file, as the published script has it.
    case sequential
    /// Another order each epoch, the same on every platform for the same seed.
    case shuffled(seed: UInt64)

    /// The indices `0 ..< count` in the order of an epoch, which counts from 0.
    public func indices(count: Int, epoch: Int) -> [Int] {
        var indices = Array(0..<count)
        guard case .shuffled(let seed) = self else { return indices }
        // The seed is mixed before the epoch is added, so that epoch 1 of seed 7 is not epoch 0 of seed 8.
        var mixer = RandomGenerator(seed: seed)
        var generator = RandomGenerator(seed: mixer.next() &+ UInt64(truncatingIfNeeded: epoch))
        // Fisher and Yates, from the end. Written out: the standard library may change how it shuffles.
        for last in stride(from: count - 1, to: 0, by: -1) {
            indices.swapAt(last, Int(generator.next(below: UInt64(last + 1))))
        }
        return indices
    }
}
