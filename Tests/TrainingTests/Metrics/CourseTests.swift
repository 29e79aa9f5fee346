import Foundation
import Testing
import Training

/// What the bar says of a run: smoothed loss, trend and rate.
@Suite("The course of a run") struct CourseTests {
    @Test func smoothedLossIsTheWeightedMean() throws {
        var smoothed = ExponentialMovingAverage(span: 3)
        #expect(smoothed.value == nil)
        let losses = [4.0, 2.0, 3.0, 1.0]
        for (count, loss) in losses.enumerated() {
            smoothed.append(loss)
            // The newest weighs 1/2, the one before 1/4, and so on, over their sum.
            let weights = (0...count).map { step in pow(0.5, Double(count - step + 1)) }
            var sum = 0.0
            for step in 0...count { sum += weights[step] * losses[step] }
            let expected = sum / weights.reduce(0, +)
            #expect(abs((smoothed.value ?? .nan) - expected) < 1e-12)
        }
        let before = smoothed.value
        smoothed.append(.nan)
        #expect(smoothed.value == before)
    }

    @Test func smoothedLossBeginsAtTheFirst() {
        var smoothed = ExponentialMovingAverage()
        smoothed.append(7)
        #expect(abs((smoothed.value ?? 0) - 7) < 1e-12)
    }

    /// Noise of a known seed.
    private func noise(_ count: Int) -> [Double] {
        var state: UInt64 = 7
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53) - 0.5
        }
    }

    private func direction(_ losses: [Double]) -> LossTrend.Direction? {
        var trend = LossTrend()
        for loss in losses { trend.append(loss) }
        return trend.direction
    }

    @Test func trendStandsOutOfTheNoise() {
        let noise = noise(200)
        func losses(slope: Double) -> [Double] { noise.indices.map { step in 3 + slope * Double(step) + noise[step] } }
        #expect(direction(losses(slope: -0.01)) == .falling)
        #expect(direction(losses(slope: 0.01)) == .rising)
        #expect(direction(losses(slope: 0)) == .level)
        #expect(direction(Array(repeating: 2, count: 100)) == .level)
        #expect(direction([7, 6, 5, 4, 3, 2, 1]) == nil)
        #expect(direction([8, 7, 6, 5, 4, 3, 2, 1]) == .falling)
    }

    /// What was long ago does not count, wherever the ring of the last values begins.
    @Test(arguments: [64, 65, 100, 127, 128]) func trendForgets(rising: Int) {
        let falling: [Double] = (0..<200).map { step in 5 - 0.02 * Double(step) }
        let last: [Double] = (0..<rising).map { step in 1 + 0.01 * Double(step) }
        #expect(direction(falling + last) == .rising)
    }

    @Test func rateIsOfTheLastSteps() {
        var rate = RecentRate(window: 4)
        #expect(rate.perSecond == nil)
        rate.append(10, seconds: 10)
        #expect(rate.perSecond == 1)
        // The first was slow.
        rate.append(10, seconds: 1)
        #expect(rate.perSecond == 10)
        for _ in 0..<3 { rate.append(30, seconds: 1) }
        #expect(rate.perSecond == 25)
        rate.append(30, seconds: 1)
        #expect(rate.perSecond == 30)
        rate.append(.nan, seconds: 1)
        rate.append(1, seconds: -1)
        #expect(rate.perSecond == 30)
    }
}
