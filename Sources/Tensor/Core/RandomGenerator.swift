import Foundation

/// A small random generator whose numbers are the same on every platform: SplitMix64
/// (Steele, Lea & Flood 2014).
public struct RandomGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator whose numbers follow from the seed alone.
    public init(seed: UInt64) { state = seed }

    /// A seed for something that numbers tell apart from all else that one seed serves.
    ///
    /// - Parameter words: the numbers, such as those of an epoch and a step
    public static func seed(_ seed: UInt64, _ words: some Sequence<UInt64>) -> UInt64 {
        words.reduce(seed) { seed, word in
            var generator = RandomGenerator(seed: seed ^ word &* 0xD6E8_FEB8_6659_FD93)
            return generator.next()
        }
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number below `bound`, each as likely as the others (Lemire 2019: the high half of a product,
    /// where the few products that would favour some numbers are drawn again). `bound` is not zero.
    package mutating func next(below bound: UInt64) -> UInt64 {
        let threshold = (0 &- bound) % bound
        while true {
            let product = next().multipliedFullWidth(by: bound)
            if product.low >= threshold { return product.high }
        }
    }

    /// A number in `0 ..< 1`, of 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number from the standard normal distribution, by Box and Muller's transform.
    public mutating func normal() -> Float {
        let radius = (-2 * log(1 - uniform())).squareRoot()
        return Float(radius * cos(2 * .pi * uniform()))
    }
}
