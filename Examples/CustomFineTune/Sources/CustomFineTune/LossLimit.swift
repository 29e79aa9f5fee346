import LoRATrain

/// Stops a training whose losses have all been low for a while.
struct LossLimit {
    let limit: Float
    private var stepsBelow = 0

    init(_ limit: Float) { self.limit = limit }

    var isReached: Bool { stepsBelow >= 20 }

    mutating func append(_ report: StepReport) {
        stepsBelow = (report.loss ?? .infinity) < limit ? stepsBelow + 1 : 0
    }
}
