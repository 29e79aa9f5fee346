import Foundation

/// What came of the inputs of a format.
struct FuzzReport {
    struct Failure {
        let number: Int
        let stage: String
        let reason: String
        /// Where the input lies now.
        let path: String
    }

    let format: FuzzFormat
    var seconds = 0.0
    var done = 0
    var accepted = 0
    var slowestNanoseconds = 0
    var slowest = 0
    var peakBytes = 0
    var peak = 0
    var kinds: [String: Int] = [:]
    var failures: [Failure] = []

    init(_ format: FuzzFormat) { self.format = format }

    mutating func add(_ state: WorkerState) {
        done += state.done
        accepted += state.accepted
        if state.slowestNanoseconds > slowestNanoseconds { (slowestNanoseconds, slowest) = (state.slowestNanoseconds, state.slowest) }
        if state.peakBytes > peakBytes { (peakBytes, peak) = (state.peakBytes, state.peak) }
        for (kind, count) in state.kinds { kinds[kind, default: 0] += count }
    }

    static let header = "format          inputs  accepted   refused  kinds  inputs/s   slowest (input)      memory (input)   failures"

    var line: String {
        func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
        let rate = seconds > 0 ? Int(Double(done) / seconds) : 0
        return format.rawValue.padding(toLength: 14, withPad: " ", startingAt: 0)
            + right("\(done)", 8) + right("\(accepted)", 10) + right("\(done - accepted)", 10) + right("\(kinds.count)", 7)
            + right("\(rate)", 10)
            + right("\(slowestNanoseconds / 1_000_000) ms (\(slowest))", 18) + right("\(peakBytes >> 20) MiB (\(peak))", 20)
            + right("\(failures.count)", 11)
    }

    func listing(_ count: Int) -> [String] {
        kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(count).map { "  \($0.value)  \($0.key)" }
    }
}

/// Prints a line at once, also where the output is a pipe.
func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
