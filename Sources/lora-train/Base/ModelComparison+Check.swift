import Model
import Tensor

extension ModelComparison {
    /// Refuses a file whose logits lie further from the model's than the rounding of its weights explains.
    ///
    /// - Parameter failure: what is wrong, the path in it
    /// - Throws: ``CommandError``
    func check(writtenAs type: ElementType, hasExperts: Bool, _ failure: String) throws(CommandError) {
        // Rounding moves a token that stands between two nearly equal experts to the other one.
        let tolerance = type.verificationTolerance * (hasExperts && type != .float32 ? 5 : 1)
        try check(tolerance: tolerance, failure)
    }

    /// Refuses models that lie too far apart.
    ///
    /// - Parameters:
    ///   - tolerance: the relative error that is allowed
    ///   - failure: what is wrong, the path in it
    /// - Throws: ``CommandError`` where the models lie further apart than they may
    func check(tolerance: Double, _ failure: String) throws(CommandError) {
        guard notFinite == 0 else {
            throw .failure(
                "\(failure): at \(notFinite) of \(positions) positions the logits are not finite; "
                    + "the weights, or the scale or weight of an adapter, are too large")
        }
        guard relativeError <= tolerance else {
            throw .failure("\(failure): relative error \(Float(relativeError)), allowed is \(Float(tolerance))")
        }
    }
}

extension ElementType {
    /// The relative error of logits that rounding weights to the type explains.
    fileprivate var verificationTolerance: Double {
        switch self {
        case .float32: 1e-4
        case .float16: 1e-2
        default: 1e-1
        }
    }
}
