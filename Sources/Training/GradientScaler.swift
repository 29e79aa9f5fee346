/// Keeps small gradients from vanishing in float16: the loss is multiplied by a scale before the
/// backward pass, and the gradients divided by it after. The scale halves when a gradient
/// overflows, and that step is skipped; it doubles after `growthInterval` good steps in a row.
/// `torch.amp.GradScaler`'s defaults.
public struct GradientScaler: Sendable, Equatable {
    /// What the loss is multiplied by.
    public private(set) var scale: Float
    /// Good steps in a row since the scale last changed.
    public private(set) var goodSteps = 0
    private let growthInterval: Int
    private let isEnabled: Bool

    /// A scaler before its first step.
    ///
    /// - Parameters:
    ///   - isEnabled: without, the scale is 1 and stays
    ///   - growthInterval: after how many good steps in a row the scale doubles
    public init(isEnabled: Bool, initialScale: Float = 65536, growthInterval: Int = 2000) {
        self.isEnabled = isEnabled
        scale = isEnabled ? initialScale : 1
        self.growthInterval = growthInterval
    }

    /// Goes on where another one was.
    mutating func restore(scale: Float, goodSteps: Int) {
        guard isEnabled else { return }
        (self.scale, self.goodSteps) = (scale, goodSteps)
    }

    /// Learns whether the last gradients were finite.
    public mutating func update(gradientsAreFinite: Bool) {
        guard isEnabled else { return }
        if !gradientsAreFinite {
            scale /= 2
            goodSteps = 0
        } else {
            goodSteps += 1
            if goodSteps == growthInterval {
                scale *= 2
                goodSteps = 0
            }
        }
    }

    /// Whether gradients that are not finite are expected now and then, and skipped.
    public var toleratesOverflow: Bool { isEnabled }
}
