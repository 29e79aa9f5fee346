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

    public struct YaRN: Sendable, Equatable {
        public var factor: Float
        /// The positions of the training.
        public var originalPositions: Int
        /// Turns in the original context above which a frequency stays.
        public var fastTurns: Float
        /// Turns in the original context below which a frequency is divided by `factor`.
        public var slowTurns: Float
        public var attentionFactor: Float

        public init(factor: Float, originalPositions: Int, fastTurns: Float = 32, slowTurns: Float = 1, attentionFactor: Float = 1) {
            self.factor = factor
            self.originalPositions = originalPositions
            self.fastTurns = fastTurns
            self.slowTurns = slowTurns
            self.attentionFactor = attentionFactor
        }

        /// What MiniMind's `inference_rope_scaling` stands for.
        public static let minimind = YaRN(factor: 16, originalPositions: 2048)
    }

    /// The factor of the turned values.
    var amplitude: Float {
        if case .yarn(let yarn) = self { yarn.attentionFactor } else { 1 }
    }

    /// The scaled frequencies.
    ///
    /// - Parameters:
    ///   - frequencies: `[headDim / 2]`, descending
    ///   - base: the base that they are powers of
    func scaled(_ frequencies: [Float], base: Float) -> [Float] {
        switch self {
        case .linear(let factor): return frequencies.map { $0 / factor }
        case .yarn(let yarn):
            let half = frequencies.count
            func place(turns: Float) -> Double {
                let original = Double(yarn.originalPositions) / (Double(turns) * 2 * .pi)
                return Double(2 * half) * log(original) / (2 * log(Double(base)))
            }
            let low = max(place(turns: yarn.fastTurns).rounded(.down), 0)
            let high = min(place(turns: yarn.slowTurns).rounded(.up), Double(half - 1))
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

extension RotaryTable {
    /// The angles of a model.
    init(positions: Int, _ configuration: ModelConfiguration) {
        let plain = RotaryTable.frequencies(headDim: configuration.headDim, base: configuration.ropeTheta)
        self.init(
            positions: positions,
            frequencies: configuration.ropeScaling?.scaled(plain, base: configuration.ropeTheta) ?? plain,
            amplitude: configuration.ropeScaling?.amplitude ?? 1)
    }
}
