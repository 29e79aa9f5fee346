/// How much is done a second, by the last steps alone: what was slow an hour ago says nothing of the next hour.
public struct RecentRate: Sendable {
    private let window: Int
    private var parts: [(amount: Double, seconds: Double)] = []
    private var next = 0
    /// Whether the only part is the first of all.
    private var isWarmingUp = false

    /// - Parameter window: how many of the last steps count
    public init(window: Int = 50) { self.window = max(window, 1) }

    /// Takes what a step did and how long it took. The first one, in which buffers are made and pages fetched, counts
    /// only until there is another.
    public mutating func append(_ amount: Double, seconds: Double) {
        guard amount.isFinite, seconds.isFinite, seconds >= 0 else { return }
        if parts.isEmpty {
            isWarmingUp = true
            parts.append((amount, seconds))
        } else if isWarmingUp {
            isWarmingUp = false
            parts[0] = (amount, seconds)
        } else if parts.count < window {
            parts.append((amount, seconds))
        } else {
            parts[next] = (amount, seconds)
            next = (next + 1) % window
        }
    }

    /// `nil` before the first step.
    public var perSecond: Double? {
        let seconds = parts.reduce(0) { $0 + $1.seconds }
        return parts.isEmpty ? nil : parts.reduce(0) { $0 + $1.amount } / max(seconds, 1e-9)
    }
}
