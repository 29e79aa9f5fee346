import Tensor

/// How the factors of an adapter that another program trained began: what was taken off the weights of the base then.
public enum AdapterStart: String, Sendable, CaseIterable {
    /// Nothing.
    case standard
    /// PiSSA (Meng et al. 2024): the weight's largest singular values, `U S Vᵀ` of the adapter's rank.
    case pissa
    /// OLoRA (Büyükakyüz 2024): `scale Q R`, the first columns and rows of the weight's QR decomposition.
    case olora

    /// Why an adapter says nothing without its base, in words.
    package var needOfBase: String { "its training took a part of the base away first (init_lora_weights '\(rawValue)')" }
}

extension AdapterStart {
    /// - Parameter setting: PEFT's `init_lora_weights`. It is true in the configuration of an adapter that PEFT has
    ///   converted for the whole base.
    /// - Throws: ``AdapterFileError/unsupported(_:)`` for a start whose part of the base cannot be found again
    init(_ setting: JSON?, usesDoRA: Bool) throws(AdapterFileError) {
        let word = setting?.string ?? ""
        // Such leave the base as it was.
        if ["", "gaussian", "eva", "orthogonal", "mica"].contains(word) {
            self = .standard
            return
        }
        let setting = "init_lora_weights '\(word.prefix(40))'"
        if word.hasPrefix("pissa_niter_") {
            throw .unsupported(
                "a start by singular values that were found at random (\(setting); save it with path_initial_model_for_weight_conversion)")
        }
        // PEFT takes OLoRA's name in capitals too.
        guard let start = word == "pissa" ? AdapterStart.pissa : word.lowercased() == "olora" ? .olora : nil else {
            throw .unsupported("a start that changes the base (\(setting))")
        }
        guard !usesDoRA else { throw .unsupported("DoRA with a start that changes the base (use_dora, \(setting))") }
        self = start
    }
}
