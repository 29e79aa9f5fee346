import Foundation
import Tensor

extension ModelConfiguration {
    /// Takes the base of the rotary angles and their scaling from where transformers keeps them: up to version 4
    /// in `rope_theta` and `rope_scaling`, from 5 in `rope_parameters`.
    ///
    /// - Parameters:
    ///   - given: the settings where they stand elsewhere
    ///   - originalPositions: the positions of the first training as the class has them where the model does not say them
    ///   - defaultRotation: the share of a head that turns where the model does not say it
    mutating func readRotary(
        _ fields: ConfigurationFields, parameters given: ConfigurationFields? = nil, defaultTheta: Float, originalPositions: Int? = nil,
        defaultRotation: Double = 1
    ) throws(ModelError) {
        let (scaling, newer) = (try fields.object("rope_scaling"), try fields.object("rope_parameters"))
        let parameters = given ?? scaling ?? newer
        let theta = try fields.number("rope_theta")
        ropeTheta = try parameters?.number("rope_theta") ?? theta ?? defaultTheta
        let inside = parameters?["partial_rotary_factor"]
        try readPartialRotation(inside ?? fields["partial_rotary_factor"] ?? .number(defaultRotation))
        guard let parameters else { return }
        let type = try parameters.text("rope_type", "type") ?? "default"
        func factor() throws(ModelError) -> Float {
            guard let factor = try parameters.number("factor") else { throw .configuration("the rotary scaling '\(type)' has no 'factor'") }
            return factor
        }
        let inner = try parameters.integer("original_max_position_embeddings")
        let original = try fields.integer("original_max_position_embeddings") ?? originalPositions ?? inner ?? contextLength
        switch type {
        case "default": return
        case "linear": ropeScaling = .linear(factor: try factor())
        case "yarn": ropeScaling = .yarn(try yarn(parameters, original))
        case "llama3":
            guard let low = try parameters.number("low_freq_factor"), let high = try parameters.number("high_freq_factor") else {
                throw .configuration("the rotary scaling 'llama3' has no 'low_freq_factor' or no 'high_freq_factor'")
            }
            ropeScaling = .llama3(
                factor: try factor(), lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions: original)
        case "longrope", "su": ropeScaling = try longRoPE(parameters, original)
        case "dynamic": ropeScaling = .dynamic(factor: try factor(), originalPositions: contextLength)
        default:
            throw .unsupported(
                "the rotary scaling '\(type.prefix(40))' is not supported; default, linear, dynamic, llama3, longrope and yarn are")
        }
    }

    /// Takes the share of a head that turns. Of a fraction of a value nothing turns, as in transformers.
    private mutating func readPartialRotation(_ share: JSON) throws(ModelError) {
        guard let part = share.number, part > 0, part <= 1 else {
            throw .configuration("'partial_rotary_factor' is \(share.serialized.prefix(40)), not a share of a head")
        }
        let turned = Int(Double(headDim) * part)
        guard turned > 0, turned % 2 == 0 else {
            throw .unsupported("'partial_rotary_factor' is \(part): \(turned) of the \(headDim) values of a head do not turn in pairs")
        }
        rotaryDim = turned == headDim ? nil : turned
    }

    /// The share of a head that some of its values are, such that ``readPartialRotation(_:)`` finds as many.
    func part(_ turned: Int) -> Double {
        let share = Double(turned) / Double(headDim)
        return Int(Double(headDim) * share) == turned ? share : share.nextUp
    }

    private func longRoPE(_ parameters: ConfigurationFields, _ original: Int) throws(ModelError) -> RotaryScaling {
        guard let short = try parameters.numbers("short_factor"), let long = try parameters.numbers("long_factor") else {
            throw .configuration("the rotary scaling 'longrope' has no 'short_factor' or no 'long_factor'")
        }
        let factor = parameters["factor"]?.number ?? Double(contextLength) / Double(max(original, 1))
        let attention =
            try parameters.number("attention_factor")
            ?? RotaryScaling.LongRoPE.attentionFactor(factor, originalPositions: original)
        // One set of divisors for short texts and long ones is no more than that.
        if short == long, attention == 1 { return .divisors(short) }
        return .longRoPE(
            RotaryScaling.LongRoPE(
                shortDivisors: short, longDivisors: long, originalPositions: original, attentionFactor: attention))
    }

    private func yarn(_ parameters: ConfigurationFields, _ original: Int) throws(ModelError) -> RotaryScaling.YaRN {
        let factor = try parameters.number("factor") ?? Float(contextLength) / Float(max(original, 1))
        var attention = RotaryScaling.YaRN.attentionFactor(factor)
        if let scale = try parameters.number("mscale"), let scaleOfAll = try parameters.number("mscale_all_dim"), scale != 0,
            scaleOfAll != 0
        {
            attention =
                RotaryScaling.YaRN.attentionFactor(factor, scale: scale) / RotaryScaling.YaRN.attentionFactor(factor, scale: scaleOfAll)
        }
        func turns(_ key: String, _ fallback: Float) throws(ModelError) -> Float {
            let turns = try parameters.number(key) ?? 0
            return turns == 0 ? fallback : turns
        }
        var yarn = RotaryScaling.YaRN(
            factor: factor, originalPositions: original, fastTurns: try turns("beta_fast", 32), slowTurns: try turns("beta_slow", 1),
            attentionFactor: try parameters.number("attention_factor") ?? attention)
        yarn.roundsRamp = try parameters.bool("truncate") ?? true
        return yarn
    }

    /// The positions as `max_position_embeddings` holds them: with YaRN those of the stretched context, since
    /// transformers 4 divides them by the original ones and takes that for the factor, whatever `factor` says.
    var huggingFacePositions: Int {
        // The length from which the base grows.
        if case .dynamic(_, let originalPositions)? = ropeScaling { return originalPositions }
        guard case .yarn(let yarn)? = ropeScaling,
            let stretched = Int(exactly: (yarn.factor.shortest * Double(yarn.originalPositions)).rounded()),
            (1..<Self.maximumPositions).contains(stretched)
        else { return contextLength }
        return stretched
    }

    /// The scaling as `rope_scaling` holds it, which all versions of transformers read; `null` for none.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where transformers would compute other angles
    func huggingFaceRotaryScaling() throws(ModelError) -> JSON {
        switch ropeScaling {
        case nil: return .null
        case .linear(let factor): return ["rope_type": "linear", "factor": .number(factor.shortest)]
        case .dynamic(let factor, _): return ["rope_type": "dynamic", "factor": .number(factor.shortest)]
        case .longRoPE(let scaling):
            return [
                "rope_type": "longrope", "short_factor": .array(scaling.shortDivisors.map { .number($0.shortest) }),
                "long_factor": .array(scaling.longDivisors.map { .number($0.shortest) }),
                "factor": .number(max(1, Double(contextLength) / Double(scaling.originalPositions))),
                "attention_factor": .number(scaling.attentionFactor.shortest),
                "original_max_position_embeddings": .integer(scaling.originalPositions),
            ]
        case .llama3(let factor, let low, let high, let original):
            return [
                "rope_type": "llama3", "factor": .number(factor.shortest), "low_freq_factor": .number(low.shortest),
                "high_freq_factor": .number(high.shortest), "original_max_position_embeddings": .integer(original),
            ]
        case .divisors(let divisors):
            let list = JSON.array(divisors.map { .number($0.shortest) })
            return [
                "rope_type": "longrope", "short_factor": list, "long_factor": list, "factor": 1.0, "attention_factor": 1.0,
                "original_max_position_embeddings": .integer(contextLength),
            ]
        case .yarn(let yarn):
            guard ropeScaling?.isSameElsewhere(headDim: turnedDim, base: ropeTheta) ?? true else {
                throw .unsupported(
                    "MiniMind's YaRN differs from that of transformers for heads of \(headDim) values; write the model as a state dict")
            }
            return [
                "rope_type": "yarn", "factor": .number(yarn.factor.shortest), "beta_fast": .number(yarn.fastTurns.shortest),
                "beta_slow": .number(yarn.slowTurns.shortest), "attention_factor": .number(yarn.attentionFactor.shortest),
                "original_max_position_embeddings": .integer(yarn.originalPositions), "truncate": .bool(yarn.roundsRamp),
            ]
        }
    }
}

extension RotaryScaling {
    /// Whether a YaRN whose ramp may reach beyond the last pair, as it does outside of MiniMind, has the same
    /// frequencies.
    ///
    /// - Parameter roundsRamp: whether the other's ramp begins and ends at whole pairs; `nil` for as here
    func isSameElsewhere(headDim: Int, base: Float, roundsRamp: Bool? = nil) -> Bool {
        guard case .yarn(var yarn) = self else { return true }
        yarn.endsRampAtLastPair = false
        yarn.roundsRamp = roundsRamp ?? yarn.roundsRamp
        let plain = RotaryTable.frequencies(headDim: headDim, base: base)
        return scaled(plain, base: base) == RotaryScaling.yarn(yarn).scaled(plain, base: base)
    }
}
