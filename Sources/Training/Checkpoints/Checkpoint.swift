import Tensor

/// The state of a run between two optimizer steps, as a file keeps it: one safetensors file with the parameters
/// (`parameter.NAME`) and what the optimizer remembers of them (`mean.NAME`, `square.NAME`, `steps.NAME`), all float32, and the
/// counters as JSON in its metadata.
///
/// There is no random state to keep: every random number of a run comes of its seed and of the place in the run
/// where it is drawn.
public struct Checkpoint {
    /// The file that was read.
    public let path: String
    /// How far the run had come.
    public let progress: TrainingProgress
    /// Steps that the optimizer has taken.
    public let optimizerSteps: Int
    /// The gradient scaler's ``GradientScaler/scale``.
    public let lossScale: Float
    /// The gradient scaler's ``GradientScaler/goodSteps``.
    public let goodSteps: Int
    /// What the writer wanted to know again.
    public let notes: JSONObject
    /// Everything that changes from step to step, by name.
    package let tensors: StateDictionary

    /// The number of values in all parameters.
    package var parameterCount: Int {
        tensors.names.filter { $0.hasPrefix(CheckpointName.parameterPrefix) }.reduce(0) { $0 + (tensors[$1]?.shape.reduce(1, *) ?? 0) }
    }

    static func write(
        _ tensors: [(name: String, tensor: Tensor)], progress: TrainingProgress, optimizerSteps: Int, lossScale: Float,
        goodSteps: Int, notes: JSONObject, to path: String
    ) throws(TensorFileError) {
        let state: JSONObject = [
            "epoch": .integer(progress.epoch), "optimizer_steps_in_epoch": .integer(progress.optimizerSteps),
            "optimizer_steps": .integer(optimizerSteps), "loss_scale": .number(Double(lossScale)),
            "good_steps": .integer(goodSteps), "notes": .object(notes),
        ]
        var writer = SafetensorsWriter(metadata: [CheckpointName.stateKey: JSON.object(state).serialized])
        for (name, tensor) in tensors {
            writer.add(name, shape: tensor.shape, as: .float32) { () throws(TensorFileError) in tensor }
        }
        try writer.write(to: path)
    }

    /// Reads a checkpoint.
    ///
    /// - Throws: ``CheckpointError/unreadable(path:reason:)``
    public init(path: String) throws(CheckpointError) {
        func unreadable(_ reason: String) -> CheckpointError { .unreadable(path: path, reason: reason) }
        do {
            tensors = try SafetensorsFile.read(path)
        } catch {
            throw unreadable("\(error)")
        }
        guard let text = tensors.metadata[CheckpointName.stateKey] else { throw unreadable("it is a safetensors file of something else") }
        guard let state = try? JSON(parsing: text), let epoch = state["epoch"]?.integer,
            let steps = state["optimizer_steps_in_epoch"]?.integer, let optimizerSteps = state["optimizer_steps"]?.integer,
            let scale = state["loss_scale"]?.number, let goodSteps = state["good_steps"]?.integer,
            let notes = state["notes"]?.object, epoch >= 0, steps >= 0, optimizerSteps >= 0, goodSteps >= 0, scale > 0
        else { throw unreadable("its state is not complete") }
        self.path = path
        progress = TrainingProgress(epoch: epoch, optimizerSteps: steps)
        self.optimizerSteps = optimizerSteps
        lossScale = Float(scale)
        self.goodSteps = goodSteps
        self.notes = notes
    }

    /// The values of these tensors.
    ///
    /// - Throws: ``CheckpointError`` where the file has others
    func values(of wanted: [(name: String, tensor: Tensor)]) throws(CheckpointError) -> [[Float]] {
        // Checkpoints of 0.6 have one count of steps for all parameters.
        let prefix = AdamW.stepsName + "."
        let counts = tensors.names.contains { $0.hasPrefix(prefix) } ? [] : wanted.map(\.name).filter { $0.hasPrefix(prefix) }
        guard Set(tensors.names).union(counts) == Set(wanted.map(\.name)) else {
            let stranger = Set(tensors.names).symmetricDifference(wanted.map(\.name)).min() ?? ""
            throw .otherParameters(path: path, reason: "only one of the two has '\(stranger)'")
        }
        var values: [[Float]] = []
        for (name, tensor) in wanted {
            if counts.contains(name) {
                values.append([Float(optimizerSteps)])
                continue
            }
            guard let stored = tensors[name], stored.shape == tensor.shape else {
                throw .otherParameters(path: path, reason: "'\(name)' has the shape \(tensors[name]?.shape ?? []), not \(tensor.shape)")
            }
            do {
                values.append(try Tensor(finite: stored).values)
            } catch {
                throw .unreadable(path: path, reason: "'\(name)': \(error)")
            }
            if name.hasPrefix(prefix), !values[values.count - 1].allSatisfy({ (0...0x1p24).contains($0) }) {
                throw .unreadable(path: path, reason: "'\(name)' is no number of steps")
            }
        }
        return values
    }
}
