import Foundation
import Training

/// A value over the steps of a run.
struct Curve: Equatable {
    struct Point: Equatable {
        let x: Double
        /// `nil` for a gap: there was no value, or none that is a number.
        let y: Double?

        init(x: Double, y: Double?) {
            self.x = x
            self.y = y.flatMap(Axis.held)
        }
    }

    /// In the order of `x`.
    let points: [Point]

    init(_ points: [Point]) {
        let isSorted = zip(points, points.dropFirst()).allSatisfy { $0.x <= $1.x }
        self.points = isSorted ? points : points.sorted { $0.x < $1.x }
    }

    /// The values that there are.
    var values: [Double] { points.compactMap(\.y) }

    var isEmpty: Bool { points.allSatisfy { $0.y == nil } }

    /// Over how many values ``smoothed()`` averages: a fiftieth of them, at least four.
    var window: Double { max(Double(values.count) / 50, 4) }

    /// The exponential moving average at each value. A gap is passed over.
    ///
    /// - Returns: `nil` where there are too few values for it
    func smoothed() -> Curve? {
        let window = self.window
        guard Double(values.count) >= 5 * window else { return nil }
        // The weight of the newest value is 1 / (window + 1).
        var average = ExponentialMovingAverage(span: 2 * window + 1)
        return Curve(
            points.map { point in
                guard let y = point.y else { return point }
                average.append(y)
                return Point(x: point.x, y: average.value)
            })
    }
}

/// A curve of many points in few: what is drawn of it.
struct Envelope {
    /// Neighbouring points that share a place.
    struct Column: Equatable {
        /// Their mean place.
        var x: Double
        var lowest, highest: Double
        var last: Double
    }

    /// From left to right; `nil` for a gap.
    let columns: [Column?]
    /// Whether a column may stand for several points.
    let isReduced: Bool

    /// How wide a curve is drawn at the most. Points beyond twice as many share columns.
    static let columnCount = 500

    /// - Parameter count: of columns at the most; a curve of up to twice as many points is drawn as it is. The lowest and
    ///   the highest value of every column stay, and with them those of the whole.
    init(_ curve: Curve, columns count: Int = columnCount) {
        let points = curve.points
        guard points.count > 2 * count, let first = points.first?.x, let last = points.last?.x, first < last else {
            columns = points.map { point in point.y.map { Column(x: point.x, lowest: $0, highest: $0, last: $0) } }
            isReduced = false
            return
        }
        var columns = [Column?](repeating: nil, count: count)
        var counts = [Double](repeating: 0, count: count)
        for point in points {
            guard let y = point.y else { continue }
            let place = min(Int((point.x - first) / (last - first) * Double(count)), count - 1)
            counts[place] += 1
            guard let column = columns[place] else {
                columns[place] = Column(x: point.x, lowest: y, highest: y, last: y)
                continue
            }
            columns[place] = Column(
                x: column.x + (point.x - column.x) / counts[place], lowest: min(column.lowest, y),
                highest: max(column.highest, y), last: y)
        }
        self.columns = columns
        isReduced = true
    }

    /// The parts between gaps.
    var runs: [[Column]] {
        columns.split(separator: nil).map { $0.compactMap(\.self) }
    }
}
