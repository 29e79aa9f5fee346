import Model

/// How adapters are laid out: which linear layers get one, and of what rank.
public struct LoRAConfiguration: Sendable {
    /// Which linear layers are adapted.
    public enum Targets: Sendable, Equatable {
        /// Those whose input and output have one width: the published recipe.
        case square
        /// Those of these names in the state dict, such as `layers.0.attention.wq`.
        case modules(Set<String>)
    }

    public var targets: Targets
    /// The inner width of an adapter; 16 as published.
    public var rank: Int
    /// The factor before `B A`; 1 as published.
    public var scale: Float

    public init(targets: Targets = .square, rank: Int = 16, scale: Float = 1) {
        self.targets = targets
        self.rank = rank
        self.scale = scale
    }

    /// Whether `linear` gets an adapter.
    public func adapts(_ linear: Linear) -> Bool {
        switch targets {
        case .square: linear.isSquare
        case .modules(let names): names.contains(linear.name)
        }
    }
}
