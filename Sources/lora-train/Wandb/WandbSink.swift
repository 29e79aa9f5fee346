import Foundation
import Synchronization
import Tensor
import Training

/// Hands a run's records to Weights & Biases' client, which may be slow, hang or crash: training neither waits for it nor
/// ends with it.
final class WandbSink: MetricSink {
    private let run: WandbRun
    private let child: ChildProcess
    private let timeout: Double
    private let delivery: Delivery
    private var console: Console { Console.shared }

    /// - Parameters:
    ///   - child: the client, which has begun the run
    ///   - timeout: seconds that the end may take
    ///   - path: of the file that keeps which run it is
    init(_ run: WandbRun, _ child: ChildProcess, timeout: Double, recordedIn path: String, project: String) {
        (self.run, self.child, self.timeout) = (run, child, timeout)
        delivery = Delivery(to: child)
        if run.mode == "disabled" {
            console.note("Weights & Biases is disabled by WANDB_MODE")
            return
        }
        console.note("Weights & Biases: \(run.url ?? "\(run.mode), in \(run.folder)")")
        do {
            try run.write(to: path, project: project)
        } catch {
            console.note("warning: \(error); --resume will begin another run at Weights & Biases")
        }
    }

    func append(_ record: RunRecord) { delivery.append(record) }

    func finish() {
        delivery.close()
        if delivery.outcome(within: min(timeout, 2)) == nil {
            console.note(String(format: "waiting for Weights & Biases to take the rest, up to %g s", timeout))
        }
        switch delivery.outcome(within: timeout) {
        case nil:
            delivery.abandon()
            console.note(
                "warning: Weights & Biases' client did not end and was ended; `wandb sync \(run.folder)` uploads what it took")
        case .failed: child.kill()
        case .complete:
            if delivery.lost > 0 {
                console.note("note: \(delivery.lost) records are missing at Weights & Biases, whose client was behind")
            }
            if run.mode != "disabled" { console.note("Weights & Biases: \(run.url ?? "`wandb sync \(run.folder)` uploads the run")") }
        }
    }
}

/// The records that wait for the client, and the thread that hands them over.
private final class Delivery: Sendable {
    enum Outcome {
        case complete
        case failed
    }

    private let child: ChildProcess
    /// Of a client that hangs the oldest are given up.
    private let backlog = Backlog<RunRecord>(limit: 1000)
    private let outcome = Mutex<Outcome?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(to child: ChildProcess) {
        self.child = child
        let thread = Thread { [self] in
            work()
            done.signal()
        }
        thread.name = "wandb"
        thread.start()
    }

    func append(_ record: RunRecord) {
        if backlog.append(record) {
            Console.shared.note("warning: Weights & Biases' client is behind; records of steps will be missing there")
        }
    }

    /// No record comes any more.
    func close() { backlog.close() }

    /// How many records were given up.
    var lost: Int { backlog.lost }

    /// How it went, once all is delivered or cannot be; `nil` if that takes longer.
    func outcome(within seconds: Double) -> Outcome? {
        guard done.wait(timeout: .now() + seconds) == .success else { return nil }
        done.signal()
        return outcome.withLock { $0 }
    }

    /// Ends the client without another word.
    func abandon() {
        outcome.withLock { $0 = .failed }
        child.kill()
        _ = done.wait(timeout: .now() + 5)
    }

    private func work() {
        while let record = backlog.next() {
            guard child.send(record.json.serialized) else { return giveUp() }
        }
        child.endInput()
        guard lastAnswer["finished"] != nil else { return giveUp() }
        // What it still holds is written at its end.
        while !child.wait(until: .now + .seconds(60)) {}
        outcome.withLock { $0 = $0 ?? .complete }
    }

    /// What it said last of all.
    private var lastAnswer: JSON {
        var last = JSON.null
        while case .line(let line) = child.answer() { last = (try? JSON(parsing: line)) ?? last }
        return last
    }

    private func giveUp() {
        let reason = lastAnswer["reason"]?.string?.message
        child.wait(until: .now + .seconds(1))
        let isClosed = backlog.isClosed
        backlog.close()
        let isKnown = outcome.withLock { outcome in
            defer { outcome = .failed }
            return outcome != nil
        }
        guard !isKnown else { return }
        Console.shared.note(
            "warning: Weights & Biases' client ended (\(reason ?? child.ending)); "
                + (isClosed ? "the run there is not complete" : "training goes on without Weights & Biases"))
    }
}
