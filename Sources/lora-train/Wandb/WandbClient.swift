import Foundation
import Tensor
import Training

/// Weights & Biases' own client for Python, which is there and knows who logs in, before a run is told to it.
struct WandbClient {
    private let options: TrainOptions
    private let child: ChildProcess

    /// Starts it where `--use_wandb` asks for it.
    ///
    /// - Returns: `nil` where it is not asked for, or where it does not start and is optional
    /// - Throws: ``CommandError`` that says what to install, with exit code 2; with exit code 1 where nobody is logged in
    static func start(_ options: TrainOptions) throws(CommandError) -> WandbClient? {
        guard options.useWandb else { return nil }
        return try attempt(options) { () throws(CommandError) in try WandbClient(options) }
    }

    /// Begins the run there.
    ///
    /// - Parameter stem: the start of the name of the file that keeps which run it is there, beside the adapter
    /// - Returns: `nil` where that fails and is optional
    /// - Throws: ``CommandError`` with exit code 1
    func begin(_ run: RunDescription, stem: String) throws(CommandError) -> WandbSink? {
        try Self.attempt(options) { () throws(CommandError) in
            let path = stem + ".wandb.json"
            let known = run.completedSteps > 0 ? WandbRun(path: path, project: options.wandbProject) : nil
            let place: JSON = [
                "project": .string(options.wandbProject), "name": .string(options.wandbRunName ?? options.publishedRunName),
                "folder": .string(options.model.outDir), "id": known.map { .string($0.id) } ?? .null,
            ]
            // Where it has gone, the answer that is missing says so.
            _ = child.send(place.serialized) && child.send(RunRecord.start(run).json.serialized)
            let answer = try answer()
            guard let begun = answer["run"].flatMap(WandbRun.init) else { throw failure(answer) }
            return WandbSink(begun, child, timeout: options.wandbTimeout, recordedIn: path, project: options.wandbProject)
        }
    }

    private init(_ options: TrainOptions) throws(CommandError) {
        self.options = options
        do {
            child = try ChildProcess(options.wandbPython, ["-c", WandbScript.text])
        } catch {
            let reason = error.code == .ENOENT ? "is not there" : "does not start (\(String(cString: strerror(error.code.rawValue))))"
            throw .usage(
                "--use_wandb needs Python, and \(options.wandbPython) \(reason); install your system's package python3 and then "
                    + "`python3 -m pip install wandb`, or name another Python by --wandb_python")
        }
        let answer = try answer()
        guard answer["package"] != nil else { throw failure(answer) }
    }

    private static func attempt<Value>(
        _ options: TrainOptions, _ body: () throws(CommandError) -> Value
    ) throws(CommandError) -> Value? {
        do {
            return try body()
        } catch {
            guard options.wandbIsOptional else {
                throw CommandError(exitCode: error.exitCode, description: "\(error); --wandb_optional trains without it")
            }
            Console.shared.note("warning: \(error); training goes on without Weights & Biases")
            return nil
        }
    }

    // MARK: - Answers

    private func answer() throws(CommandError) -> JSON {
        let deadline = ContinuousClock.now + .seconds(options.wandbTimeout)
        switch child.answer(until: deadline) {
        case .line(let line): return (try? JSON(parsing: line)) ?? ["reason": .string(line.message)]
        case .ended:
            child.wait(until: .now + .seconds(1))
            return ["reason": .string(child.lastWords)]
        case .late:
            child.kill()
            throw .failure(
                String(format: "Weights & Biases did not answer within %g s (--wandb_timeout); ", options.wandbTimeout)
                    + "WANDB_MODE=offline needs no network")
        }
    }

    /// What to do about it.
    private func failure(_ answer: JSON) -> CommandError {
        let (python, reason) = (options.wandbPython, answer["reason"]?.string?.message ?? "")
        switch answer["failed"]?.string {
        case "package":
            return .usage(
                "--use_wandb needs the Python package wandb, which \(python) does not load (\(reason)): `\(python) -m pip install "
                    + "wandb`, or name the Python of another environment by --wandb_python")
        case "login":
            return .failure(
                "Weights & Biases does not log you in (\(reason)): run `\(python) -m wandb login`, or set WANDB_API_KEY; "
                    + "WANDB_MODE=offline needs neither account nor network")
        case "init":
            return .failure("Weights & Biases does not begin the run (\(reason)); WANDB_MODE=offline needs no network")
        default:
            return .usage("--use_wandb needs Python, and \(python) does not run (\(reason))")
        }
    }
}
