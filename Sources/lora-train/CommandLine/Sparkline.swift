/// The course of a value in a few characters, as high as the value: ▇▅▃▂▂▁.
struct Sparkline {
    /// Means of `stride` values each, in their order.
    private var means: [Double] = []
    private var stride = 1
    private var openSum = 0.0
    private var openCount = 0

    /// So many means are kept; two become one when there are more.
    private static let limit = 128
    private static let levels = Array("▁▂▃▄▅▆▇█")

    mutating func append(_ value: Double) {
        guard value.isFinite else { return }
        openSum += value
        openCount += 1
        guard openCount == stride else { return }
        means.append(openSum / Double(stride))
        (openSum, openCount) = (0, 0)
        guard means.count == Self.limit else { return }
        for pair in 0..<Self.limit / 2 { means[pair] = (means[2 * pair] + means[2 * pair + 1]) / 2 }
        means.removeLast(Self.limit / 2)
        stride *= 2
    }

    /// - Parameter width: characters at the most; there are no more than there are values
    func text(width: Int) -> String {
        let values = means + (openCount > 0 ? [openSum / Double(openCount)] : [])
        let count = min(width, values.count)
        guard count > 0 else { return "" }
        let columns = (0..<count).map { column in
            let start = column * values.count / count
            let part = values[start..<(column + 1) * values.count / count]
            return part.reduce(0, +) / Double(part.count)
        }
        let (least, most) = (columns.min() ?? 0, columns.max() ?? 0)
        let height = max(most - least, .leastNormalMagnitude)
        return String(
            columns.map { value in
                let share = (value - least) / height
                return Self.levels[Int((share * Double(Self.levels.count - 1)).rounded())]
            })
    }
}
