import Model
import Tensor

/// Where the factor before the `B A` of an adapter that is trained on comes from.
public enum ScaleSource: Sendable, Equatable {
    /// The file says it: PEFT's alpha and rank, mlx-lm's scale, llama.cpp's alpha, a checkpoint's own.
    case file
    /// Its provenance says it. B held it, and has given it back: exactly where it is a power of two, and otherwise with each
    /// value rounded to the nearest float.
    case provenance(isExact: Bool)
    /// Nothing says it, so it is 1.
    case unsaid
}

extension AdapterFile {
    /// Reads an adapter to train on: as ``read(_:for:scale:)``, but at the scale that it was trained with.
    ///
    /// A format without a place for a scale holds it in B, where the same learning rate would move the update by
    /// another amount. What is saved again is the same to the bit.
    ///
    /// - Throws: ``AdapterFileError/inFile(path:_:)``
    public static func readToTrain(
        _ path: String, for configuration: ModelConfiguration
    ) throws(AdapterFileError) -> (state: AdapterState, scale: ScaleSource) {
        try naming(path) { () throws(AdapterFileError) in
            let contents = try contents(path)
            let state = try contents.state(for: configuration, bareScale: nil)
            let isSaid = contents.format != .minimind || contents.modules.contains { $0.scale != 1 }
            // Who gives the scale in a configuration means it; 1 is what a B is written with that holds the scale.
            let isMeant = contents.format.isFolder && state.modules.contains { $0.scale != 1 }
            if !isMeant, let (trained, isExact) = try state.atTrainedScale() { return (trained, .provenance(isExact: isExact)) }
            return (state, isSaid ? .file : .unsaid)
        }
    }
}

extension AdapterState {
    /// The same adapter with the scales of its provenance, taken out of B; `nil` where they are not known, are what the
    /// modules have anyway, or are beyond what B can give back.
    func atTrainedScale() throws(AdapterFileError) -> (state: AdapterState, isExact: Bool)? {
        guard let provenance = provenance.map(Provenance.init) else { return nil }
        var (state, isExact, isSaid) = (self, true, false)
        for (index, module) in modules.enumerated() {
            guard let scale = provenance.scale(of: module.place) else { continue }
            isSaid = true
            guard scale != module.scale else { continue }
            guard let (given, isKept) = try module.givingBack(scale) else { return nil }
            state.modules[index] = given
            isExact = isExact && isKept
        }
        return isSaid ? (state, isExact) : nil
    }
}

extension AdapterState.Module {
    /// The same update with this scale, which B gives back; `nil` where that is beyond the numbers of B.
    ///
    /// - Returns: the module, and whether its `scale B` is what it was, to the bit
    fileprivate func givingBack(_ wanted: Float) throws(AdapterFileError) -> (module: AdapterState.Module, isExact: Bool)? {
        let ratio = wanted / scale
        guard ratio.isFinite, ratio != 0 else { return nil }
        var isExact = ratio.significand == 1
        let values = try AdapterFile.files { () throws(TensorFileError) in try b.floats() }
        var quotients: [Float] = []
        quotients.reserveCapacity(values.count)
        for value in values {
            let quotient = value / ratio
            if !quotient.isFinite, value.isFinite { return nil }
            // Saved again, B should be what it is in the file: a neighbour may lead there where the nearest does not.
            let found = [quotient, quotient.nextUp, quotient.nextDown].first { $0 * ratio == value }
            if found == nil, !value.isNaN { isExact = false }
            quotients.append(found ?? quotient)
        }
        var module = self
        module.b = StoredTensor(shape: b.shape, floats: quotients)
        module.scale = wanted
        return (module, isExact)
    }
}
