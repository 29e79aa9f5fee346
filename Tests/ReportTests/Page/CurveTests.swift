import Foundation
import Testing

@testable import Report

@Suite("Curves in few points")
struct CurveTests {
    private func curve(_ values: [Double?]) -> Curve { Curve(values.enumerated().map { .init(x: Double($0), y: $1) }) }

    @Test("A short curve stays as it is, with its gaps")
    func short() {
        let envelope = Envelope(curve([1, nil, 3, 2, nil, .nan, 5]), columns: 10)
        #expect(!envelope.isReduced)
        #expect(envelope.runs.map { $0.map(\.last) } == [[1], [3, 2], [5]])
        #expect(envelope.runs.map { $0.map(\.x) } == [[0], [2, 3], [6]])
    }

    @Test("A long curve keeps its extremes in a bounded number of columns", arguments: [1001, 54_321, 300_000])
    func long(_ count: Int) throws {
        var values = (0..<count).map { sin(Double($0) / 17) }
        values[count / 3] = 41
        values[count / 2] = -17
        let envelope = Envelope(curve(values), columns: 500)
        #expect(envelope.isReduced && envelope.columns.count == 500)
        let columns = envelope.columns.compactMap(\.self)
        #expect(columns.map(\.highest).max() == 41 && columns.map(\.lowest).min() == -17)
        #expect(zip(columns, columns.dropFirst()).allSatisfy { $0.x < $1.x })
        #expect(columns.allSatisfy { $0.lowest <= $0.last && $0.last <= $0.highest })
        // Each column has the extremes of its own points.
        let own = Dictionary(grouping: values.indices) { min(Int(Double($0) / Double(count - 1) * 500), 499) }
        for (number, column) in columns.enumerated() {
            let values = own[number]?.map { values[$0] } ?? []
            #expect(column.highest == values.max() && column.lowest == values.min() && column.last == values.last)
        }
    }

    @Test("A long gap stays a gap, and numbers that are none do not spread")
    func gaps() {
        var values: [Double?] = (0..<5000).map { Double($0) }
        for index in 2000..<3000 { values[index] = index.isMultiple(of: 2) ? nil : .infinity }
        let envelope = Envelope(curve(values), columns: 500)
        #expect(envelope.runs.count == 2)
        #expect(envelope.runs.joined().allSatisfy { $0.highest < 5000 && $0.lowest >= 0 })
    }

    @Test("Smoothing keeps a constant, follows a step by the weights of its window, and passes gaps over")
    func smoothing() throws {
        let constant = try #require(curve(Array(repeating: 3, count: 100)).smoothed())
        #expect(constant.values.allSatisfy { abs($0 - 3) < 1e-12 })
        // A window of 4: the weight of a value is 1/5, that of what was before 4/5.
        let step = try #require(curve([0, 1] + Array(repeating: nil, count: 5) + Array(repeating: 1, count: 40)).smoothed())
        #expect(abs((step.points[1].y ?? 0) - 0.2 / 0.36) < 1e-12)
        #expect(step.points[2].y == nil && step.points.count == 47)
        #expect(abs((step.points[7].y ?? 0) - (0.2 * 0.8 + 0.2) / (1 - pow(0.8, 3))) < 1e-12)
        #expect(curve([1, 2, 3]).smoothed() == nil)
    }

    @Test("What is as good as 0 is 0, and what no axis can hold is a gap")
    func held() {
        let values: [Double] = [.leastNonzeroMagnitude, -1e-101, 1e-99, -9e99, 1e100, -.infinity, .nan]
        #expect(values.map { Curve.Point(x: 0, y: $0).y } == [0, 0, 1e-99, -9e99, nil, nil, nil])
    }

    @Test("Points that come out of order are sorted")
    func order() {
        #expect(Curve([.init(x: 2, y: 1), .init(x: 1, y: 5)]).points.map(\.x) == [1, 2])
    }
}

@Suite("Axes")
struct AxisTests {
    @Test(
        "Ticks are round, inside the range, and told apart",
        arguments: [
            0...1, 0.045...3.056, -3...7, 1e-9...3e-9, 2e-5...2.2e-4, 40...46, 12_345...98_765, 1e9...7e9, 5...5, 0...0,
            -2 ... -2, 1e90...3e95, 1e-90...2e-90, 1e15...1e15 + 1, -1e30...1e30,
        ] as [ClosedRange<Double>])
    func ticks(_ values: ClosedRange<Double>) {
        let axis = Axis(around: values)
        let (low, high) = (values.lowerBound, values.upperBound)
        #expect(axis.range.lowerBound <= low && axis.range.upperBound >= high)
        #expect((2...9).contains(axis.ticks.count), "\(axis)")
        #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count, "\(axis.ticks.map(\.label))")
        #expect(axis.ticks.allSatisfy { $0.label.count <= 7 }, "\(axis.ticks.map(\.label))")
        #expect(
            axis.ticks.allSatisfy {
                axis.range.lowerBound - 1e-9 * abs($0.value) <= $0.value && $0.value <= axis.range.upperBound + 1e-9 * abs($0.value)
            })
        #expect(axis.place(axis.range.lowerBound) == 0 && axis.place(axis.range.upperBound) == 1)
    }

    @Test("Labels are as short as the step allows")
    func labels() {
        #expect(Axis(around: 0...2.2e-3).ticks.map(\.label) == ["0", "0.0005", "0.0010", "0.0015", "0.0020", "0.0025"])
        #expect(Axis(around: 0...5e-5).ticks.map(\.label) == ["0", "2e-5", "4e-5", "6e-5"])
        #expect(Axis(around: 0...36_000).ticks.map(\.label) == ["0", "10k", "20k", "30k", "40k"])
        #expect(Axis(around: -1...1).ticks.map(\.label) == ["−1.0", "−0.5", "0", "0.5", "1.0"])
    }

    @Test("Steps are whole numbers, also where there are two of them or one")
    func steps() {
        #expect(Axis(ofSteps: 0...2).ticks.map(\.label) == ["0", "1", "2"])
        #expect(Axis(ofSteps: 7...7).ticks.map(\.label) == ["6", "7", "8"])
        #expect(Axis(ofSteps: 0...1_000_000).ticks.map(\.label) == ["0", "0.2M", "0.4M", "0.6M", "0.8M", "1.0M"])
    }

    @Test("A step beyond which there is no next has an axis about it", arguments: [9_007_199_254_740_992, 1e17, -1e17, 0x1p63, -0x1p63])
    func farSteps(_ step: Double) {
        let axis = Axis(ofSteps: step...step)
        #expect(axis.range.lowerBound < step && step < axis.range.upperBound)
        #expect(axis.place(step) == 0.5)
        #expect(axis.ticks.count < 10)
    }

    @Test("A place is from 0 to 1, whatever stands there")
    func places() {
        let values: [Double] = [.nan, -.infinity, .infinity, -1e300, 1e300, 0]
        for axis in [Axis(around: -1...1), Axis(around: -9e99...9e99), Axis(logarithmicAround: 1e-99...1e99)] {
            #expect(values.map { axis.place($0) }.allSatisfy { (0...1).contains($0) })
        }
    }

    @Test("Logarithms: equal ratios are equally long", arguments: [0.003...40, 1e-8...1e8, 1...1000, 0.9...101] as [ClosedRange<Double>])
    func logarithms(_ values: ClosedRange<Double>) {
        let axis = Axis(logarithmicAround: values)
        let (low, high) = (values.lowerBound, values.upperBound)
        #expect(axis.range.lowerBound <= low && axis.range.upperBound >= high)
        #expect((2...6).contains(axis.ticks.count) && Set(axis.ticks.map(\.label)).count == axis.ticks.count)
        let middle = (axis.range.lowerBound * axis.range.upperBound).squareRoot()
        #expect(abs(axis.place(middle) - 0.5) < 1e-9)
    }
}
