import Foundation
import Tensor

extension RotaryScaling {
    /// The numbers of LongRoPE (Ding et al. 2024): each frequency divided by a number of its own, another one in texts
    /// longer than those of the first training; and the turned values multiplied by `attentionFactor`.
    public struct LongRoPE: Sendable, Equatable, CustomStringConvertible {
        /// The divisors in texts of up to `originalPositions` tokens, one for each pair.
        public var shortDivisors: [Float]
        /// Those in longer texts.
        public var longDivisors: [Float]
        /// The positions of the first training.
        public var originalPositions: Int
        /// What the turned values are multiplied by, in texts of any length.
        public var attentionFactor: Float

        /// A scaling with two divisors for each pair.
        public init(shortDivisors: [Float], longDivisors: [Float], originalPositions: Int, attentionFactor: Float) {
            self.shortDivisors = shortDivisors
            self.longDivisors = longDivisors
            self.originalPositions = originalPositions
            self.attentionFactor = attentionFactor
        }

        public var description: String {
            "longRoPE(originalPositions: \(originalPositions), attentionFactor: \(attentionFactor))"
        }

        /// The factor of the turned values that goes with a context stretched by `factor` where nothing else is said:
        /// `sqrt(1 + ln(factor) / ln(originalPositions))`.
        public static func attentionFactor(_ factor: Double, originalPositions: Int) -> Float {
            factor <= 1 ? 1 : Float((1 + log(factor) / log(Double(originalPositions))).squareRoot())
        }
    }

    /// Whether the angles of a token depend on the length of its text.
    var changesWithLength: Bool {
        switch self {
        case .longRoPE, .dynamic: true
        case .linear, .yarn, .llama3, .divisors: false
        }
    }

    /// Whether angles change at one length alone, so that keys of a shorter text have to be computed again once.
    var changesOnce: Bool { if case .longRoPE = self { true } else { false } }

    /// The shortest length of a text in which all angles are those of a text of this length: 1 where nothing is stretched.
    func shortestLength(like length: Int) -> Int {
        switch self {
        case .linear, .yarn, .llama3, .divisors: 1
        case .longRoPE(let scaling): length > scaling.originalPositions ? scaling.originalPositions + 1 : 1
        case .dynamic(_, let originalPositions): length > originalPositions ? length : 1
        }
    }

    /// The frequencies of a text.
    ///
    /// - Parameters:
    ///   - length: how many tokens it has
    ///   - count: how many pairs turn
    ///   - base: of the rotary angles
    /// - Returns: `[count]`, in radians a position
    func frequencies(ofLength length: Int, count: Int, base: Float) -> [Float] {
        switch self {
        case .linear, .yarn, .llama3, .divisors:
            return scaled(RotaryTable.frequencies(headDim: 2 * count, base: base), base: base)
        case .longRoPE(let scaling):
            let divisors = length > scaling.originalPositions ? scaling.longDivisors : scaling.shortDivisors
            precondition(divisors.count == count, "a divisor for each pair")
            // In the order of PyTorch's products.
            return divisors.enumerated().map { 1 / ($1 * powf(base, Float(2 * $0) / Float(2 * count))) }
        case .dynamic(let factor, let originalPositions):
            let longest = Float(max(length, originalPositions))
            let stretch = factor * longest / Float(originalPositions) - (factor - 1)
            let power = Float(Double(2 * count) / Double(2 * count - 2))
            return RotaryTable.frequencies(headDim: 2 * count, base: base * powf(stretch, power))
        }
    }
}

extension ModelConfiguration {
    /// The frequencies of a head's pairs in a text of so many tokens, scaled.
    func rotaryFrequencies(ofLength length: Int) -> [Float] {
        let count = turnedDim / 2
        return ropeScaling?.frequencies(ofLength: length, count: count, base: ropeTheta)
            ?? RotaryTable.frequencies(headDim: turnedDim, base: ropeTheta)
    }

    /// The shortest length of a text whose tokens have the angles of one of this length.
    func shortestLength(like length: Int) -> Int { ropeScaling?.shortestLength(like: length) ?? 1 }
}

extension LanguageModel {
    /// Whether a token is turned by the same angles in texts of all these lengths: where it is not, texts share no rows.
    public func turnsAlike(lengths: some Sequence<Int>) -> Bool {
        configuration.ropeScaling?.changesWithLength != true || Set(lengths.map(configuration.shortestLength)).count <= 1
    }
}
