import Foundation

/// Where values stand along an edge of a chart, and which of them are written there.
struct Axis: Equatable {
    struct Tick: Equatable {
        let value: Double
        let label: String
    }

    let range: ClosedRange<Double>
    let isLogarithmic: Bool
    let ticks: [Tick]

    /// A value as an axis holds it: what is as good as 0 is 0. Of what is left, no ratio and no step between two is beyond
    /// the range of a number.
    ///
    /// - Returns: `nil` for what no axis can hold
    static func held(_ value: Double) -> Double? {
        guard value.isFinite, abs(value) < 1e100 else { return nil }
        return abs(value) < 1e-100 ? 0 : value
    }

    /// An axis of whole numbers whose ends are those of the values, with ticks at round ones between them.
    ///
    /// - Parameter count: about how many ticks
    init(ofSteps values: ClosedRange<Double>, ticks count: Int = 5) {
        // Beside a number beyond 2^53 the next is more than 1 away.
        let margin = max(1, values.lowerBound.ulp)
        range = values.lowerBound < values.upperBound ? values : values.lowerBound - margin...values.upperBound + margin
        isLogarithmic = false
        ticks = Self.round(in: range, step: max(1, Self.step(range, count)))
    }

    /// An axis that reaches from one round number to another.
    ///
    /// - Parameters:
    ///   - values: as ``held(_:)`` has them
    ///   - includesZero: whether it begins at 0 where the values come near it
    init(around values: ClosedRange<Double>, includesZero: Bool = true, ticks count: Int = 4) {
        var wide = Self.widened(values)
        if includesZero, wide.lowerBound > 0, wide.lowerBound < 0.5 * wide.upperBound { wide = 0...wide.upperBound }
        if includesZero, values.lowerBound >= 0, wide.lowerBound < 0 { wide = 0...wide.upperBound }
        let step = Self.step(wide, count)
        let low = (wide.lowerBound / step).rounded(.down)
        let high = (wide.upperBound / step).rounded(.up)
        range = low * step...high * step
        isLogarithmic = false
        ticks = Self.round(in: range, step: step)
    }

    /// An axis on which equal ratios are equally long, from one power of ten to another, or to two or five times one.
    ///
    /// - Parameter values: above 0, and as ``held(_:)`` has them
    init(logarithmicAround values: ClosedRange<Double>) {
        let factors = [1.0, 2, 5]
        let first = Int(log10(values.lowerBound).rounded(.down)) - 1
        let last = Int(log10(values.upperBound).rounded(.up))
        var numbers = (first...max(first, last)).flatMap { power in factors.map { $0 * pow(10, Double(power)) } }
        let low = numbers.last { $0 <= values.lowerBound } ?? numbers[0]
        let high = numbers.first { $0 >= values.upperBound } ?? values.upperBound
        range = low...max(high, low * 10)
        numbers = numbers.filter(range.contains)
        if numbers.count > 6 { numbers = numbers.filter { Self.isPowerOfTen($0) } }
        let every = (numbers.count + 5) / 6
        isLogarithmic = true
        ticks = numbers.enumerated().filter { $0.offset.isMultiple(of: every) }.map {
            Tick(value: $1, label: Self.label($1, step: $1, largest: $1))
        }
    }

    /// How far along the axis a value stands, from 0 to 1. What is beyond an end stands there, and what is no number at 0.
    func place(_ value: Double) -> Double {
        let (low, high) = (range.lowerBound, range.upperBound)
        let share = isLogarithmic ? log(max(value, low) / low) / log(high / low) : (value - low) / (high - low)
        return share > 0 ? min(share, 1) : 0
    }

    // MARK: - Round numbers

    /// A range that is wide enough to be divided.
    private static func widened(_ values: ClosedRange<Double>) -> ClosedRange<Double> {
        let (low, high) = (values.lowerBound, values.upperBound)
        let size = max(abs(low), abs(high))
        guard high - low <= 1e-6 * size || size == 0 else { return values }
        let margin = size == 0 ? 1 : 0.1 * size
        return low - margin...high + margin
    }

    /// 1, 2 or 5 times a power of ten, of which about `count` fill the range.
    private static func step(_ range: ClosedRange<Double>, _ count: Int) -> Double {
        let rough = (range.upperBound - range.lowerBound) / Double(count)
        let power = pow(10, log10(rough).rounded(.down))
        return power * ([1, 2, 5].first { $0 * power >= 0.85 * rough } ?? 10)
    }

    private static func round(in range: ClosedRange<Double>, step: Double) -> [Tick] {
        // Not as integers: the number of a tick may be beyond those, only how many there are is not.
        let first = (range.lowerBound / step - 1e-6).rounded(.up)
        let last = (range.upperBound / step + 1e-6).rounded(.down)
        guard first <= last, last - first < 100 else { return [] }
        let largest = max(abs(range.lowerBound), abs(range.upperBound))
        return (0...Int(last - first)).map { number in
            let value = (first + Double(number)) * step
            return Tick(value: value, label: label(value, step: step, largest: largest))
        }
    }

    private static func isPowerOfTen(_ value: Double) -> Bool {
        let power = log10(value)
        return abs(power - power.rounded()) < 1e-9
    }

    /// As short as the step allows, all of an axis alike: 0.25, 12k, 2e-5.
    private static func label(_ value: Double, step: Double, largest: Double) -> String {
        if value == 0 { return "0" }
        let text: String
        switch largest {
        case 1e9..<1e12: text = decimals(value / 1e9, step: step / 1e9) + "G"
        case 1e6..<1e9: text = decimals(value / 1e6, step: step / 1e6) + "M"
        case 1e4..<1e6: text = decimals(value / 1e3, step: step / 1e3) + "k"
        case 1e-3..<1e4: text = decimals(value, step: step)
        default:
            let power = (log10(abs(value)) + 1e-9).rounded(.down)
            text = decimals(value / pow(10, power), step: step / pow(10, power)) + "e" + String(Int(power))
        }
        return Wording.signed(text)
    }

    private static func decimals(_ value: Double, step: Double) -> String {
        let places = min(max(0, (-log10(step) - 1e-9).rounded(.up)), 6)
        return String(format: "%.\(Int(places))f", value)
    }
}
