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
        var mixer = SplitMix64(seed: seed)
        var generator = SplitMix64(seed: mixer.next() &+ UInt64(truncatingIfNeeded: epoch))
        // Fisher and Yates, from the end. Written out: the standard library may change how it shuffles.
        for last in stride(from: count - 1, to: 0, by: -1) {
            indices.swapAt(last, Int(generator.next(below: UInt64(last + 1))))
        }
        return indices
    }
}

/// The generator SplitMix64 of Steele, Lea and Flood (2014), as in https://prng.di.unimi.it/splitmix64.c: 64 bits of
/// state, the same numbers everywhere for the same seed.
struct SplitMix64: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, each as likely as the others (Lemire 2019: the high half of a product, where the few
    /// products that would favour some numbers are drawn again). `bound` is not zero.
    mutating func next(below bound: UInt64) -> UInt64 {
        let threshold = (0 &- bound) % bound
        while true {
            let product = next().multipliedFullWidth(by: bound)
            if product.low >= threshold { return product.high }
        }
    }
}
