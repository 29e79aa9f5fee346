import Foundation
import Training

/// The curves of one run, or of several in one chart.
struct TrainingFigures {
    /// A run and its number, which gives its colour.
    struct Run {
        let name: String
        let history: RunHistory
        let summary: RunSummary
    }

    let runs: [Run]
    private var isSingle: Bool { runs.count == 1 }

    /// Those that there is something to draw of.
    var charts: [Chart] {
        [loss, evaluations(.validation), evaluations(.retained), rate, gradientNorm, throughput, sampleTokens, computedShare]
            .compactMap(\.self)
    }

    // MARK: - Losses

    private var loss: Chart? {
        var chart = measured(
            id: "loss", title: "Loss", unit: "cross-entropy", includesZero: true,
            layers: marks(.skipped, name: "no token counted") { $0.loss == nil }
        ) { $0.loss.map(Double.init) }
        chart?.isWide = true
        chart?.isTall = true
        if isSingle, let note = chart?.note, runs[0].summary.averagedSteps > 1 {
            chart?.note =
                "\(note) What the loss fell from and to are the means of the first and of the last \(runs[0].summary.averagedSteps) steps."
        }
        return chart.map(withEpochs)
    }

    /// The losses on one set, with the perplexity that each means.
    private func evaluations(_ set: EvaluationReport.Set) -> Chart? {
        var layers: [Chart.Layer] = []
        var words: [String] = []
        for (number, run) in runs.enumerated() {
            let summary = set == .validation ? run.summary.validation : run.summary.retained
            guard let summary else { continue }
            let reports = run.history.evaluations.filter { $0.set == set }
            if isSingle, set == .retained, summary.startsWithBase { layers.append(.rule(summary.first.loss, name: "the base alone")) }
            let name = isSingle ? set == .validation ? "validation" : "retained" : run.name
            layers.append(.dots(Curve(reports.map { .init(x: Double($0.step), y: $0.loss) }), series: number, name: name))
            if set == .validation { layers.append(.best(x: Double(summary.best.step), y: summary.best.loss, series: number)) }
            words.append(
                "\(isSingle ? "" : run.name + ": ")\(RunSummary.change(from: summary.first.loss, to: summary.last.loss)), "
                    + "best \(Wording.loss(summary.best.loss)) after step \(summary.best.step)")
        }
        let isValidation = set == .validation
        var chart = Chart(
            id: isValidation ? "validation" : "retained", title: isValidation ? "Validation loss" : "Retained loss", unit: "loss",
            summary: (isValidation ? "Loss on samples that are not trained on. " : "Loss on samples of what the base could do before. ")
                + words.joined(separator: "; "),
            layers: layers, includesZero: false)
        chart?.rightScale = ("perplexity", Wording.perplexities)
        if isSingle, let history = runs.first?.history {
            let count = history.evaluations.last { $0.set == set }
            chart?.note = """
                \(isValidation ? "Over samples that are not trained on" : "Over samples of what the base could do before"): \
                \(Wording.count(count?.samples ?? 0, "sample")), \(Wording.count(count?.countedTokens ?? 0, "counted token")).\
                \(EvaluationTable.html(history.evaluations.filter { $0.set == set }))
                """
        }
        return chart
    }

    // MARK: - The optimizer

    private var rate: Chart? {
        let layers = curves { $0.learningRate }.map { Chart.Layer.line($1, series: $0, name: isSingle ? "learning rate" : runs[$0].name) }
        return Chart(
            id: "rate", title: "Learning rate", unit: "", summary: "Learning rate over the steps, " + span { $0.learningRate },
            layers: layers)
    }

    private var gradientNorm: Chart? {
        var layers: [Chart.Layer] = []
        if isSingle, let limit = runs[0].history.run?.recipe["--grad_clip"].flatMap({ $0.number ?? $0.string.flatMap { Double($0) } }),
            limit > 0, let highest = runs[0].history.steps.compactMap(\.gradientNorm).max(), limit < 2 * highest
        {
            layers.append(.rule(limit, name: "clipped to"))
        }
        layers += marks(.overflow, name: "overflow, step skipped", where: \.overflowed)
        return measured(
            id: "gradient", title: "Gradient norm", unit: "before clipping", includesZero: true, prefersLogarithm: true, layers: layers
        ) { $0.gradientNorm }
    }

    // MARK: - Speed and samples

    private var throughput: Chart? {
        measured(id: "throughput", title: "Throughput", unit: "tokens/s", includesZero: true) {
            $0.seconds > 0 ? Double($0.tokens) / $0.seconds : nil
        }
    }

    private var sampleTokens: Chart? {
        measured(id: "tokens", title: "Tokens a sample", unit: "", includesZero: true) {
            $0.samples > 0 ? Double($0.tokens) / Double($0.samples) : nil
        }
    }

    /// `nil` where all were computed.
    private var computedShare: Chart? {
        guard runs.contains(where: { $0.history.steps.contains { $0.computedTokens != $0.tokens } }) else { return nil }
        var chart = measured(id: "computed", title: "Computed share of the tokens", unit: "%", includesZero: true) {
            $0.tokens > 0 ? 100 * Double($0.computedTokens) / Double($0.tokens) : nil
        }
        chart?.note = "What samples of a batch have in common from their start on is computed once; padding is computed too."
        return chart
    }

    // MARK: - Common to all

    /// A measure of every step. One run shows it as it is and smoothed, several are smoothed only.
    private func measured(
        id: String, title: String, unit: String, includesZero: Bool, prefersLogarithm: Bool = false, layers others: [Chart.Layer] = [],
        _ value: (StepReport) -> Double?
    ) -> Chart? {
        var layers: [Chart.Layer] = []
        var windows: [Double] = []
        for (number, curve) in curves(value) {
            let smoothed = curve.smoothed()
            if isSingle, smoothed != nil { layers.append(.raw(curve, series: number, name: "each step")) }
            if smoothed != nil { windows.append(curve.window) }
            let name = isSingle ? smoothed == nil ? title.lowercased() : "smoothed" : runs[number].name
            layers.append(.line(smoothed ?? curve, series: number, name: name))
        }
        var chart = Chart(
            id: id, title: title, unit: unit, summary: "\(title) over the steps, \(span(value))", layers: layers + others,
            includesZero: includesZero, prefersLogarithm: prefersLogarithm)
        if let longest = windows.max() {
            let steps = Wording.count(Int(longest.rounded()), "step")
            let isReduced = isSingle && runs[0].history.steps.count > 2 * Envelope.columnCount
            chart?.note = """
                Smoothed by an exponential moving average over \(windows.count > 1 ? "up to " : "")\(steps).\
                \(isReduced ? " The band reaches from the lowest to the highest value of neighbouring steps." : "")
                """
        }
        return chart
    }

    /// Where something happened in the only run.
    private func marks(_ kind: Chart.Mark, name: String, where isMarked: (StepReport) -> Bool) -> [Chart.Layer] {
        guard isSingle else { return [] }
        let steps = runs[0].history.steps.filter(isMarked).map { Double($0.step) }
        return steps.isEmpty ? [] : [.marks(steps, kind: kind, name: name)]
    }

    /// The chart with lines where the epochs of its only run end.
    private func withEpochs(_ chart: Chart) -> Chart {
        guard isSingle, let count = runs[0].history.run?.stepsPerEpoch, count > 0 else { return chart }
        var chart = chart
        let (steps, length) = (chart.steps.range, Double(count))
        // More lines than this would be a pattern of their own.
        guard (steps.upperBound - steps.lowerBound) / length <= 20 else { return chart }
        // From the last one before the chart on: a file may begin far from the run's start.
        let first = max((steps.lowerBound / length).rounded(.down), 1) * length
        chart.epochEnds = stride(from: first, to: steps.upperBound, by: length).filter { $0 > steps.lowerBound }
        return chart
    }

    /// The curves that have values, by the number of their run.
    private func curves(_ value: (StepReport) -> Double?) -> [(Int, Curve)] {
        runs.enumerated().map { ($0, Curve($1.history.steps.map { .init(x: Double($0.step), y: value($0)) })) }.filter { !$1.isEmpty }
    }

    /// From the first to the last value, in words.
    private func span(_ value: (StepReport) -> Double?) -> String {
        let parts = curves(value).map { number, curve in
            let values = curve.values
            return (isSingle ? "" : runs[number].name + " ")
                + "from \(Wording.number(values.first ?? 0)) to \(Wording.number(values.last ?? 0)), "
                + "between \(Wording.number(values.min() ?? 0)) and \(Wording.number(values.max() ?? 0))"
        }
        return parts.joined(separator: "; ")
    }
}
