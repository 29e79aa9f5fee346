/// A measure of steps, such as the loss, without most of the noise of its batches: the exponential moving average of all
/// values so far.
///
/// Each step the newest value weighs `α = 2 / (span + 1)` and all others `1 - α` of what they weighed before. The sum is
/// divided by the sum of the weights, as Adam does it (Kingma and Ba 2015, section 3), so that the first values
/// are not drawn towards 0.
public struct ExponentialMovingAverage: Sendable {
    private let newest: Double
    private var sum = 0.0
    private var weights = 0.0

    /// - Parameter span: about how many steps the average reaches back
    public init(span: Double = 20) { newest = 2 / (span + 1) }

    /// The average; `nil` before the first value.
    public var value: Double? { weights > 0 ? sum / weights : nil }

    /// Takes the value of the next step; what is no number is passed over.
    public mutating func append(_ value: Double) {
        guard value.isFinite else { return }
        sum += newest * (value - sum)
        weights += newest * (1 - weights)
    }
}
