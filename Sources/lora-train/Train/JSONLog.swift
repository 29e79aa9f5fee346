import Training

/// What a run says of itself to a program: its records on standard output, one JSON object a line, every step's among
/// them. Words for a person are on standard error meanwhile.
final class JSONLog: MetricSink {
    private let console: Console

    init(_ run: RunDescription, _ console: Console = .shared) {
        self.console = console
        append(.start(run))
    }

    func append(_ record: RunRecord) { console.record(record.json.serialized) }
}
