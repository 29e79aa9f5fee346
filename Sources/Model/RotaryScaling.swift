import Foundation
import Tensor

/// How the rotary frequencies are changed, so that a model can read texts longer than those of its training.
public enum RotaryScaling: Sendable, Equatable {
    /// Every frequency divided by `factor` (Chen et al. 2023).
    case linear(factor: Float)
    /// YaRN (Peng et al. 2023): frequencies that turn often enough in the original context stay, those that do
    /// not are divided by `factor`, a ramp between; and the turned values are multiplied by `attentionFactor`.
    case yarn(YaRN)
    /// Llama 3.1's: like YaRN, with the ramp over wavelengths.
    case llama3(factor: Float, lowFrequencyFactor: Float, highFrequencyFactor: Float, originalPositions: Int)
    /// Each frequency divided by its own number: `[headDim / 2]`. So a GGUF keeps Llama 3.1's.
    case divisors([Float])
    /// LongRoPE (Ding et al. 2024): each frequency divided by its own number, another one in long texts.
    case longRoPE(LongRoPE)
    /// Dynamic NTK scaling (Peng et al. 2023): in a text of more than `originalPositions` tokens the base grows with its length.
    case dynamic(factor: Float, originalPositions: Int)

    /// The numbers of YaRN.
    public struct YaRN: Sendable, Equatable {
        /// What frequencies that turn seldom are divided by.
        public var factor: Float
        /// The positions of the training.
        public var originalPositions: Int
        /// Turns in the original context above which a frequency stays.
        public var fastTurns: Float
        /// Turns in the original context below which a frequency is divided by `factor`.
        public var slowTurns: Float
        /// What the turned values are multiplied by.
        public var attentionFactor: Float
        /// Whether the ramp begins and ends at whole pairs.
        public var roundsRamp = true
        /// Whether the ramp ends at the last pair at the latest, as MiniMind has it. Elsewhere it may reach
        /// to `headDim - 1`, beyond all pairs.
        public var endsRampAtLastPair = false

        /// A scaling, by default between the turns that its authors found for Llama.
        public init(factor: Float, originalPositions: Int, fastTurns: Float = 32, slowTurns: Float = 1, attentionFactor: Float = 1) {
            self.factor = factor
            self.originalPositions = originalPositions
            self.fastTurns = fastTurns
            self.slowTurns = slowTurns
            self.attentionFactor = attentionFactor
        }

        /// What MiniMind's `inference_rope_scaling` stands for.
        public static let minimind: YaRN = {
            var yarn = YaRN(factor: 16, originalPositions: 2048)
            yarn.endsRampAtLastPair = true
            return yarn
        }()

        /// The factor of the turned values that goes with a factor of the frequencies where nothing else is
        /// said: 0.1 ln(factor) + 1.
        public static func attentionFactor(_ factor: Float, scale: Float = 1) -> Float {
            factor <= 1 ? 1 : Float(0.1 * Double(scale) * log(Double(factor)) + 1)
        }
    }

    /// The factor of the turned values.
    var amplitude: Float {
        switch self {
        case .yarn(let yarn): yarn.attentionFactor
        case .longRoPE(let scaling): scaling.attentionFactor
        case .linear, .llama3, .divisors, .dynamic: 1
        }
    }

    /// The scaled frequencies, of a short text where they change with the length.
    ///
    /// - Parameters:
    ///   - frequencies: `[headDim / 2]`, descending
    ///   - base: the base that they are powers of
    func scaled(_ frequencies: [Float], base: Float) -> [Float] {
        switch self {
        case .linear(let factor): return frequencies.map { $0 / factor }
        case .longRoPE, .dynamic: return self.frequencies(ofLength: 1, count: frequencies.count, base: base)
        case .divisors(let divisors):
            precondition(divisors.count == frequencies.count, "a divisor for each pair")
            return zip(frequencies, divisors).map { $0 / $1 }
        case .yarn(let yarn):
            let half = frequencies.count
            func place(turns: Float) -> Double {
                let original = Double(yarn.originalPositions) / (Double(turns) * 2 * .pi)
                return Double(2 * half) * log(original) / (2 * log(Double(base)))
            }
            var (low, high) = (place(turns: yarn.fastTurns), place(turns: yarn.slowTurns))
            if yarn.roundsRamp { (low, high) = (low.rounded(.down), high.rounded(.up)) }
            low = max(low, 0)
            high = min(high, Double(yarn.endsRampAtLastPair ? half - 1 : 2 * half - 1))
            return frequencies.enumerated().map { index, frequency in
                let ramp = Float(min(max((Double(index) - low) / max(high - low, 0.001), 0), 1))
                return frequency * (1 - ramp + ramp / yarn.factor)
            }
        case .llama3(let factor, let lowFactor, let highFactor, let originalPositions):
            let original = Float(originalPositions)
            return frequencies.map { frequency in
                let wavelength = 2 * .pi / frequency
                if wavelength < original / highFactor { return frequency }
                if wavelength > original / lowFactor { return frequency / factor }
                let smooth = (original / wavelength - lowFactor) / (highFactor - lowFactor)
                return (1 - smooth) * frequency / factor + smooth * frequency
            }
        }
    }
}

extension RotaryScaling {
    /// - Throws: ``ModelError/configuration(_:)`` for numbers that no frequencies come of
    func check(headDim: Int) throws(ModelError) {
        let isSound =
            switch self {
            case .linear(let factor): Self.isPositive(factor)
            case .divisors(let divisors): divisors.count == headDim / 2 && divisors.allSatisfy(Self.isPositive)
            case .yarn(let yarn):
                [yarn.factor, yarn.fastTurns, yarn.slowTurns, yarn.attentionFactor].allSatisfy(Self.isPositive)
                    && yarn.fastTurns > yarn.slowTurns && yarn.originalPositions > 0
            case .longRoPE(let scaling):
                scaling.shortDivisors.count == headDim / 2 && scaling.longDivisors.count == headDim / 2
                    && (scaling.shortDivisors + scaling.longDivisors + [scaling.attentionFactor]).allSatisfy(Self.isPositive)
                    && scaling.originalPositions > 0 && scaling.originalPositions < ModelConfiguration.maximumPositions
            // The exponent of two values would be infinite.
            case .dynamic(let factor, let originalPositions):
                Self.isPositive(factor) && originalPositions > 0 && headDim > 2
            case .llama3(let factor, let low, let high, let originalPositions):
                [factor, low, high].allSatisfy(Self.isPositive) && low < high && originalPositions > 0
            }
        guard isSound else { throw .configuration("the scaling of the rotary frequencies has numbers that make no sense: \(self)") }
    }

    private static func isPositive(_ number: Float) -> Bool { number > 0 && number.isFinite }
}

extension ModelConfiguration {
    /// The frequencies of a head's pairs, scaled: `[headDim / 2]`, in radians a position; of a head that turns in part, those of
    /// that part.
    public var rotaryFrequencies: [Float] {
        let plain = RotaryTable.frequencies(headDim: turnedDim, base: ropeTheta)
        return ropeScaling?.scaled(plain, base: ropeTheta) ?? plain
    }
}

extension RotaryTable {
    /// The angles of a model.
    init(positions: Int, _ configuration: ModelConfiguration) {
        self.init(
            positions: positions, frequencies: configuration.rotaryFrequencies,
            amplitude: configuration.ropeScaling?.amplitude ?? 1)
    }
}

extension ModelConfiguration {
    /// The positions that the model was trained for, or that its rotary angles are stretched to.
    public var trainedPositions: Int {
        func stretched(_ positions: Int, _ factor: Float) -> Int {
            Int(min(Float(positions) * factor, Float(Self.maximumPositions)))
        }
        return switch ropeScaling {
        case nil, .divisors, .longRoPE: contextLength
        // Some say the stretched length and some the original one: the benefit of the doubt.
        case .linear(let factor): max(contextLength, stretched(contextLength, factor))
        case .dynamic(let factor, let original): max(contextLength, stretched(original, factor))
        case .yarn(let yarn): max(contextLength, stretched(yarn.originalPositions, yarn.factor))
        case .llama3(let factor, _, _, let original): max(contextLength, stretched(original, factor))
        }
    }
}
