extension ParameterNaming {
    /// The reverse of ``moduleName(of:)``, for what has a weight.
    ///
    /// Experts that share a name, as those of a layer in a GGUF, give the first of them.
    ///
    /// - Parameter name: of a module
    /// - Returns: the place of its weight; `nil` where no module is called so
    public func place(of name: String) -> ParameterPlace? {
        for place in [ParameterPlace.embedding, .norm, .output] where self.moduleName(of: place) == name { return place }
        let prefix = layerPrefix
        guard name.hasPrefix(prefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        guard let index = Int(rest.prefix { $0 != "." }), index >= 0 else { return nil }
        // What is found must have this very name: `layers.00` is none.
        // A family's own names come first: Phi-3's `ffn_up` in a GGUF is its gate, too.
        let parts = renamed.keys + Self.parts(numbered: rest.split(separator: ".").lazy.dropFirst().compactMap { Int($0) }.first)
        return parts.lazy.map { ParameterPlace.layer(index, $0) }
            .first { self.moduleName(of: $0) == name }
    }

    /// The reverse of ``parameterName(of:)``: a weight, or a bias of a linear layer.
    ///
    /// - Returns: `nil` where no parameter is called so
    package func parameterPlace(of name: String) -> ParameterPlace? {
        guard let dot = name.lastIndex(of: "."), let place = place(of: String(name[..<dot])) else { return nil }
        if case .layer(let layer, .linear(let role, let expert)) = place, name.hasSuffix(".bias") {
            return .layer(layer, .bias(role, expert))
        }
        return parameterName(of: place) == name ? place : nil
    }

    /// Every part that a layer can have, of experts the first and that of a number.
    private static func parts(numbered number: Int?) -> [LayerPart] {
        let linears = LinearRole.allCases.map { LayerPart.linear($0, nil) }
        let numbers = Set([0, number ?? 0]).sorted()
        let experts = numbers.flatMap { [LayerPart.Expert.routed($0), .shared($0)] }
        return linears + [.attentionNorm, .attentionOutputNorm, .feedForwardNorm, .feedForwardOutputNorm, .queryNorm, .keyNorm, .router]
            + [.convolution, .deltaNorm]
            + experts.flatMap { expert in LinearRole.allCases.filter { !$0.isAttention }.map { .linear($0, expert) } }
    }
}
