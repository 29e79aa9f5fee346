import Foundation
import Training

/// What the bar shows of a run at one moment, in one line.
struct ProgressLine {
    /// Counted from 1.
    var epoch: Int
    var epochs: Int
    var doneSteps: Int
    var totalSteps: Int
    var loss: Double?
    var trend: LossTrend.Direction?
    var validationLoss: Double?
    var learningRate: Double
    var tokensPerSecond: Double
    var secondsLeft: Double
    /// What the process holds now, in bytes.
    var memory: Int?
    var course = Sparkline()

    /// A part of the line; those of low importance are left out first.
    private struct Part {
        let importance: Int
        let text: StyledText
    }

    private static let gap: StyledText = "  "
    private static let graphicWidth = 12
    /// The course of the loss takes what the other parts leave, within these bounds.
    private static let courseWidth = 8...40

    /// - Parameters:
    ///   - width: columns that it has at the most; parts are left out until it has
    func text(width: Int, isColoured: Bool) -> String {
        var shown = parts
        while shown.count > 1, Self.joined(shown.map(\.text)).width > width {
            guard let least = shown.indices.min(by: { shown[$0].importance < shown[$1].importance }) else { break }
            shown.remove(at: least)
        }
        if shown.count == parts.count {
            let room = width - Self.joined(shown.map(\.text)).width - Self.gap.width
            let curve = room >= Self.courseWidth.lowerBound ? course.text(width: min(room, Self.courseWidth.upperBound)) : ""
            // Behind the loss, whose course it is.
            if !curve.isEmpty, let place = shown.firstIndex(where: { $0.importance == Importance.loss }) {
                shown.insert(Part(importance: Importance.loss, text: StyledText(curve, .cyan)), at: place + 1)
            }
        }
        let line = Self.joined(shown.map(\.text))
        return line.width > width ? String(line.rendered(isColoured: false).prefix(max(width, 0))) : line.rendered(isColoured: isColoured)
    }

    private enum Importance {
        static let steps = 9
        static let loss = 8
        static let timeLeft = 7
        static let epoch = 6
        static let speed = 5
        static let rate = 4
        static let validation = 3
        static let memory = 2
        static let graphic = 1
    }

    private var parts: [Part] {
        let share = Double(doneSteps) / Double(max(totalSteps, 1))
        let filled = min(Self.graphicWidth, max(0, Int(share * Double(Self.graphicWidth))))
        let graphic =
            StyledText(String(repeating: "█", count: filled), .cyan)
            + StyledText(String(repeating: "░", count: Self.graphicWidth - filled), .dim)
        var parts = [
            Part(importance: Importance.epoch, text: StyledText("epoch ", .dim) + StyledText("\(epoch)/\(epochs)")),
            Part(importance: Importance.graphic, text: graphic),
            Part(importance: Importance.steps, text: StyledText("\(doneSteps)/\(totalSteps)")),
        ]
        if let loss {
            let arrow = trend.map { StyledText(" ") + Self.arrow($0) }
            let text = StyledText("loss ", .dim) + StyledText(String(format: "%.3f", loss), .bold)
            parts.append(Part(importance: Importance.loss, text: arrow.map { text + $0 } ?? text))
        }
        if let validationLoss {
            parts.append(
                Part(importance: Importance.validation, text: StyledText("val ", .dim) + StyledText(String(format: "%.3f", validationLoss)))
            )
        }
        parts += [
            Part(importance: Importance.rate, text: StyledText("lr ", .dim) + StyledText(String(format: "%.2e", learningRate))),
            Part(importance: Importance.speed, text: StyledText(String(format: "%.0f", tokensPerSecond)) + StyledText(" tok/s", .dim)),
            Part(importance: Importance.timeLeft, text: StyledText(Self.duration(secondsLeft)) + StyledText(" left", .dim)),
        ]
        if let memory { parts.append(Part(importance: Importance.memory, text: StyledText(Self.size(memory)))) }
        return parts
    }

    private static func joined(_ texts: [StyledText]) -> StyledText {
        texts.dropFirst().reduce(texts.first ?? "") { $0 + gap + $1 }
    }

    private static func arrow(_ trend: LossTrend.Direction) -> StyledText {
        switch trend {
        case .falling: StyledText("↘", .green)
        case .level: StyledText("→", .yellow)
        case .rising: StyledText("↗", .red)
        }
    }

    /// 0:07, 12:34, 1:02:03; a dash where nothing can be said.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "—" }
        let whole = Int(max(0, seconds.rounded()))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours > 0 ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
    }

    /// 640 MB, 1.2 GB.
    static func size(_ bytes: Int) -> String {
        bytes < 1_000_000_000 ? "\(bytes / 1_000_000) MB" : String(format: "%.1f GB", Double(bytes) / 1e9)
    }
}
