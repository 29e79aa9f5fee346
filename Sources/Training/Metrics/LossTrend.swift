/// Where a loss is going: the slope of the straight line through its last values (least squares), as far as it
/// stands out of their noise.
public struct LossTrend: Sendable {
    /// Where the loss is going.
    public enum Direction: Sendable {
        /// Downwards, beyond what its scatter explains.
        case falling
        /// Neither, as far as its scatter lets one tell.
        case level
        /// Upwards, beyond what its scatter explains.
        case rising
    }

    private let window: Int
    private var losses: [Double] = []
    private var next = 0

    /// Below this many values nothing is said.
    private static let least = 8

    /// - Parameter window: how many of the last values count
    public init(window: Int = 64) { self.window = max(window, Self.least) }

    /// Takes the loss of the next step; what is no number is passed over.
    public mutating func append(_ loss: Double) {
        guard loss.isFinite else { return }
        if losses.count < window { losses.append(loss) } else { losses[next] = loss }
        next = (next + 1) % window
    }

    /// Falling or rising where the slope is more than twice its standard error, level otherwise; `nil` for the first
    /// few values.
    public var direction: Direction? {
        let count = losses.count
        guard count >= Self.least else { return nil }
        // The oldest first: the places go round.
        let oldest = count < window ? 0 : next
        let middle = Double(count - 1) / 2
        let mean = losses.reduce(0, +) / Double(count)
        var (squares, products, deviations) = (0.0, 0.0, 0.0)
        for step in 0..<count {
            let (x, y) = (Double(step) - middle, losses[(oldest + step) % count] - mean)
            squares += x * x
            products += x * y
            deviations += y * y
        }
        let slope = products / squares
        let rest = max(0, deviations - slope * products)
        let error = (rest / Double(count - 2) / squares).squareRoot()
        // What no one would call a change, even where nothing is noise.
        let least = 1e-9 * max(abs(mean), .leastNormalMagnitude) / Double(count)
        guard abs(slope) > max(2 * error, least) else { return .level }
        return slope < 0 ? .falling : .rising
    }
}
