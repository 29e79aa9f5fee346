import Foundation
import Tensor

/// How the next token is chosen from its scores.
public struct TokenSampler: Sendable {
    /// Scores are divided by it; 0 takes the best token always.
    public var temperature: Float
    /// The smallest set of tokens whose probabilities reach this sum is drawn from
    /// (Holtzman et al. 2020).
    public var topP: Float
    /// Scores of tokens that were seen are divided by it where positive and multiplied where
    /// negative (Keskar et al. 2019); 1 leaves them.
    public var repetitionPenalty: Float
    private var generator: RandomGenerator

    /// A choice at random, by default as MiniMind's own command line has it.
    ///
    /// - Parameter seed: the same seed draws the same numbers on every platform
    public init(temperature: Float = 0.85, topP: Float = 0.85, repetitionPenalty: Float = 1, seed: UInt64 = 1337) {
        self.temperature = temperature
        self.topP = topP
        self.repetitionPenalty = repetitionPenalty
        generator = RandomGenerator(seed: seed)
    }

    /// Always the token with the best score.
    public static var greedy: TokenSampler { TokenSampler(temperature: 0, topP: 1) }

    /// The same choice with other random numbers.
    package func reseeded() -> TokenSampler {
        var other = self
        other.generator = RandomGenerator(seed: other.generator.next())
        return other
    }

    /// Chooses a token.
    ///
    /// - Parameters:
    ///   - logits: one score a token of the vocabulary
    ///   - seen: the tokens of the prompt and of the answer so far
    /// - Returns: the id of the token
    public mutating func next(_ logits: [Float], seen: Set<Int32>) -> Int32 {
        var scores = logits
        if repetitionPenalty != 1 {
            for token in seen {
                let score = scores[Int(token)]
                scores[Int(token)] = score > 0 ? score / repetitionPenalty : score * repetitionPenalty
            }
        }
        let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        guard temperature > 0 else { return Int32(best) }

        let top = scores[best]
        let weights = scores.map { exp(($0 - top) / temperature) }
        let total = weights.reduce(0, +)
        var remaining = total * min(max(topP, 0), 1)
        var nucleus: [Int] = []
        for token in weights.indices.sorted(by: { weights[$0] > weights[$1] }) {
            nucleus.append(token)
            remaining -= weights[token]
            if remaining <= 0 { break }
        }
        var drawn = Float(generator.uniform()) * nucleus.reduce(0) { $0 + weights[$1] }
        for token in nucleus {
            drawn -= weights[token]
            if drawn < 0 { return Int32(token) }
        }
        return Int32(nucleus[0])
    }
}
