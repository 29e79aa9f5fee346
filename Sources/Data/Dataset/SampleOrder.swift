/// In which order an epoch goes through the samples.
public enum SampleOrder: Sendable, Equatable {
    /// The order of the file, as the published script has it.
    case sequential
    /// Another order each epoch, the same on every platform for the same seed.
    case shuffled(seed: UInt64)

    /// The indices `0 ..< count` in the order of an epoch, which counts from 0. No memory grows with `count`.
    public func permutation(count: Int, epoch: Int) -> SamplePermutation {
        SamplePermutation(count: count, epoch: epoch, order: self)
    }
}
