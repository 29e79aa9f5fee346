import Data
import Foundation
import Tensor
import Training

/// The processes of a run, and how they fail together.
struct Processes {
    let communicator: any Communicator

    /// Whether this process speaks, saves and reports.
    var isFirst: Bool { communicator.rank == 0 }

    /// What every process knows alike to have gone wrong, so that one of them says it.
    private struct SharedFailure: Error, CustomStringConvertible {
        let failure: CommandError
        var description: String { failure.description }
    }

    /// The threads that this process should compute on, of those that its machine gives to all of them; `nil` for as
    /// many as there are cores.
    let threads: Int?

    /// Joins the others where `--ddp` asks for it.
    ///
    /// - Throws: ``CommandError`` with exit code 2 where nothing started them, or something that is not MPI
    init(_ options: TrainOptions) throws {
        do {
            guard options.ddp else {
                try DistributedStart.checkAlone()
                (communicator, threads) = (SingleProcess(), nil)
                return
            }
            communicator = try DistributedStart.communicator(timeout: options.ddpTimeout)
        } catch {
            throw CommandError.usage("\(error)")
        }
        // Not later than here: threads inherit the processors of the one that starts them.
        // And by all: one may have been told its threads, and another not.
        let isFree = options.model.threads == 0
        let share = try ProcessorShare.claim(among: communicator, pins: isFree)
        threads = isFree ? share?.threads : nil
        if isFree, let note = share?.note, isFirst { Console.shared.note("note: \(note)") }
    }

    /// Where only one process of several speaks, the others are silent from the start.
    static func silenceOthers() {
        if let launcher = Launcher(environment: ProcessInfo.processInfo.environment), launcher.rank > 0 {
            Console.shared.isSilent = true
        }
    }

    /// What the run consists of, in a line; `nil` for one process.
    var summary: String? {
        guard communicator.count > 1 else { return nil }
        let threads = Parallel.threads
        return "training on \(communicator.count) processes of \(threads) \(threads == 1 ? "thread" : "threads") each"
    }

    /// Runs `body` and takes leave of the others. Where this process fails alone, all are ended.
    func run(_ body: () throws -> Void) throws {
        guard communicator.count > 1 else {
            defer { communicator.finish() }
            do {
                return try body()
            } catch let shared as SharedFailure {
                throw shared.failure
            }
        }
        do {
            try body()
            communicator.finish()
        } catch let shared as SharedFailure {
            communicator.finish()
            throw shared.failure
        } catch {
            Console.shared.isSilent = false
            Console.shared.note("error: rank \(communicator.rank): \(error)")
            communicator.abort(exitCode: (error as? CommandError)?.exitCode ?? 1)
        }
    }

    /// How a run ends by an error: interrupted where that is what the processes agreed upon, in whichever of them the
    /// signal came.
    static func reason(of error: any Error) -> RunEnd.Reason {
        (error as? SharedFailure)?.failure.isInterruption == true ? .interrupted : .failed
    }

    /// An error that every process throws.
    func failure(_ error: CommandError) -> any Error { SharedFailure(failure: error) }

    /// What every process does at the same point; all of them fail where one does.
    func together<Value>(_ body: () throws -> Value) throws -> Value {
        let result = Result { try body() }
        guard communicator.count > 1 else { return try result.get() }
        var code: Int32 = 0
        var words = ""
        if case .failure(let error) = result {
            code = (error as? CommandError)?.exitCode ?? 1
            words = "\(error)"
        }
        let answers = try communicator.gather("\(code) \(words)").map { $0.split(separator: " ", maxSplits: 1) }
        let failed = answers.indices.filter { answers[$0].first != "0" }
        guard let first = failed.first else { return try result.get() }
        // What fails alike is said once.
        var reasons: [(words: String, ranks: [Int])] = []
        for rank in failed {
            let words = answers[rank].count > 1 ? String(answers[rank][1]) : ""
            if let known = reasons.firstIndex(where: { $0.words == words }) {
                reasons[known].ranks.append(rank)
            } else {
                reasons.append((words, [rank]))
            }
        }
        let everywhere = reasons.count == 1 && failed.count == communicator.count
        let text = reasons.map { everywhere ? $0.words : "\(Self.names($0.ranks)): \($0.words)" }.joined(separator: "; ")
        throw failure(CommandError(exitCode: Int32(answers[first][0]) ?? 1, description: text))
    }

    /// Refuses to start where a process would train something else than the first one.
    ///
    /// - Parameter facts: what must be the same, by what it is called
    func checkAgreement(_ facts: @autoclosure () -> JSONObject) throws {
        guard communicator.count > 1 else { return }
        let all = try communicator.gather(JSON.object(facts()).serialized)
        guard let first = try JSON(parsing: all[0]).object else { return }
        for (rank, text) in all.enumerated() where text != all[0] {
            let other = try JSON(parsing: text).object ?? [:]
            let differences = Recipe.differences(other, first).map { "\($0.what) is \($0.one), not \($0.other)" }.joined(separator: ", ")
            throw failure(.failure("rank \(rank) would train something else than rank 0: \(differences)"))
        }
    }

    /// What the first process says.
    func fromFirst(_ text: String) throws -> String { try communicator.gather(text)[0] }

    /// The numbers of all processes.
    func gather(_ numbers: [Int]) throws -> [[Int]] {
        try communicator.gather(numbers.map(String.init).joined(separator: " ")).map { $0.split(separator: " ").compactMap { Int($0) } }
    }

    /// What all processes skipped.
    func gather(_ skipped: SkippedRecords) throws -> SkippedRecords {
        guard communicator.count > 1 else { return skipped }
        return try communicator.gather(skipped.json.serialized).map { SkippedRecords(try JSON(parsing: $0)) }
            .reduce(SkippedRecords()) { $0.union($1) }
    }

    /// rank 3, ranks 1, 2, 5
    private static func names(_ ranks: [Int]) -> String {
        let shown = ranks.prefix(8).map(String.init).joined(separator: ", ") + (ranks.count > 8 ? ", …" : "")
        return (ranks.count == 1 ? "rank " : "ranks ") + shown
    }
}

extension SkippedRecords {
    /// For other processes, and for checkpoints: how many, and a line and a reason for each that is named.
    var json: JSON {
        [
            "count": .integer(count), "is_least": .bool(isCountLeast),
            "records": .array(records.map { .array([.integer($0.line), .string($0.reason)]) }),
        ]
    }

    /// - Parameter json: `nil` where nothing is known to be skipped
    init(_ json: JSON?) {
        // In 0.6 an array of the number and the records.
        let old = json?.array
        let records = (json?["records"]?.array ?? old.map { Array($0.dropFirst()) } ?? []).compactMap { entry -> Record? in
            guard let line = entry.array?.first?.integer, let reason = entry.array?.last?.string else { return nil }
            return Record(line: line, reason: reason)
        }
        self.init(count: json?["count"]?.integer ?? old?.first?.integer ?? 0, isCountLeast: json?["is_least"]?.bool ?? false, records)
    }
}
