import Testing
import Training

@testable import lora_train

/// The bar as a text.
@Suite("The bar's line") struct ProgressLineTests {
    private static func line(steps: Int = 1000) -> ProgressLine {
        var course = Sparkline()
        for step in 0..<steps { course.append(3 - 2 * Double(step) / Double(steps)) }
        return ProgressLine(
            epoch: 2, epochs: 15, doneSteps: 450, totalSteps: 900, loss: 1.2345, trend: .falling, validationLoss: 1.3,
            learningRate: 2.2e-3, tokensPerSecond: 36789.4, secondsLeft: 3723, memory: 212_000_000, course: course)
    }

    @Test func leavesOutTheLeastFirst() {
        let line = Self.line()
        #expect(
            line.text(width: 113, isColoured: false)
                == "epoch 2/15  ██████░░░░░░  450/900  loss 1.234 ↘  val 1.300  lr 2.20e-03  36789 tok/s  1:02:03 left  212 MB")
        #expect(
            line.text(width: 79, isColoured: false)
                == "epoch 2/15  450/900  loss 1.234 ↘  lr 2.20e-03  36789 tok/s  1:02:03 left")
        #expect(line.text(width: 39, isColoured: false) == "450/900  loss 1.234 ↘  1:02:03 left")
        #expect(line.text(width: 20, isColoured: false) == "450/900")
        #expect(line.text(width: 4, isColoured: false) == "450/")
        #expect(line.text(width: 0, isColoured: false) == "")
    }

    @Test func isNeverWiderThanItMay() {
        let line = Self.line()
        for width in 0...220 {
            #expect(line.text(width: width, isColoured: false).count <= width)
            let coloured = line.text(width: width, isColoured: true)
            #expect(coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "") == line.text(width: width, isColoured: false))
        }
    }

    @Test func showsTheCourseWhereThereIsRoom() throws {
        let parts = Self.line().text(width: 200, isColoured: false).split(separator: "  ")
        let curve = try #require(parts.firstIndex(of: "loss 1.234 ↘").map { parts[$0 + 1] })
        // It falls evenly from the greatest to the least.
        #expect(curve.count == 40 && curve.first == "█" && curve.last == "▁" && curve.sorted(by: >) == Array(curve))
        for level in "▂▃▄▅▆▇" { #expect((4...7).contains(curve.count { $0 == level }), "\(curve)") }
        #expect(!Self.line().text(width: 113, isColoured: false).contains("▁"))
    }

    @Test func courseOfFewAndOfManyValues() {
        func curve(_ values: [Double], _ width: Int) -> String {
            var course = Sparkline()
            for value in values { course.append(value) }
            return course.text(width: width)
        }
        #expect(curve([], 8) == "" && curve([1, .infinity, 2], 8) == "▁█" && curve([5, 5, 5], 8) == "▁▁▁")
        for count in [127, 128, 129, 255, 256, 1000, 4097] {
            let text = curve((0..<count).map(Double.init), 8)
            #expect(text == "▁▂▃▄▅▆▇█", "\(count): \(text)")
        }
    }

    @Test func words() {
        #expect(ProgressLine.duration(7.4) == "0:07" && ProgressLine.duration(754) == "12:34" && ProgressLine.duration(3723) == "1:02:03")
        #expect(ProgressLine.duration(.nan) == "—" && ProgressLine.duration(.infinity) == "—" && ProgressLine.duration(-1) == "0:00")
        #expect(ProgressLine.size(212_999_999) == "212 MB" && ProgressLine.size(1_250_000_000) == "1.2 GB")
    }
}
