import Data
import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing
import Training

@Suite("Checkpoints of a run")
struct CheckpointTests {
    struct Setting: Sendable, CustomStringConvertible {
        var precision = Precision.float32
        var reduction = LossReduction.batch
        var dora = false
        var rateRatio = 1.0

        var description: String { "\(precision), \(reduction), DoRA \(dora), LoRA+ \(rateRatio)" }
    }

    private static let batches: [Batch] = {
        var generator = RandomGenerator(seed: 9)
        return (0..<7).map { _ in TinyModel.batch((0..<3).map { _ in TinyModel.sample(TinyModel.ids(20, &generator), from: 4) }) }
    }()

    private func trainer(_ setting: Setting = Setting()) throws -> Trainer<NextTokenLoss> {
        let tiny = try TinyModel()
        tiny.adapter.detach()
        var layout = LoRAConfiguration(targets: .allLinear, rank: 3, scale: 2)
        layout.dropout = 0.2
        layout.usesDoRA = setting.dora
        let adapter = try LoRAAdapter(on: tiny.model, layout)
        var configuration = TrainerConfiguration()
        configuration.precision = setting.precision
        configuration.lossReduction = setting.reduction
        configuration.accumulationSteps = 2
        configuration.seed = 3
        let groups = adapter.parameterGroups(rateRatio: setting.rateRatio).map { ParameterGroup($0.parameters, rateFactor: $0.rateFactor) }
        return Trainer(
            NextTokenLoss(tiny.model), parameters: adapter.parameters, optimizer: AdamW(groups: groups),
            schedule: CosineSchedule(baseRate: 1e-2, totalSteps: 14), configuration: configuration)
    }

    /// Runs to the end of two epochs, or until so many optimizer steps are done and the next one is half done.
    ///
    /// - Returns: the losses by step
    private func run(_ trainer: Trainer<NextTokenLoss>, until limit: Int = .max) throws -> [Int: Float?] {
        var losses: [Int: Float?] = [:]
        var steps = 0
        while trainer.progress.epoch < 2 {
            var rest = Self.batches.dropFirst(2 * trainer.progress.optimizerSteps)
            let isComplete = try trainer.runEpoch(
                stepsPerEpoch: Self.batches.count, isStopping: { steps >= limit },
                nextBatch: { rest.popFirst() }
            ) {
                losses[$0.step] = $0.loss
                if $0.gradientNorm != nil { steps += 1 }
            }
            if !isComplete { break }
        }
        return losses
    }

    private func bits(_ trainer: Trainer<NextTokenLoss>) -> [[UInt32]] { trainer.parameters.map { $0.tensor.values.map(\.bitPattern) } }

    @Test(
        "A resumed run ends with the same bits, wherever it was cut",
        arguments: [
            Setting(), Setting(precision: .bfloat16, reduction: .token), Setting(precision: .float16),
            Setting(dora: true, rateRatio: 4),
        ])
    func resuming(_ setting: Setting) throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let whole = try trainer(setting)
        let losses = try run(whole)
        #expect(losses.count == 14)
        for limit in 1...7 {
            let cut = try trainer(setting)
            let before = try run(cut, until: limit)
            try cut.writeCheckpoint(to: folder + "/c.safetensors", notes: ["limit": .integer(limit)])
            let resumed = try trainer(setting)
            let checkpoint = try Checkpoint(path: folder + "/c.safetensors")
            #expect(checkpoint.notes["limit"]?.integer == limit)
            try resumed.restore(checkpoint)
            #expect(resumed.progress == cut.progress && bits(resumed) == bits(cut) && resumed.scaler == cut.scaler)
            let after = try run(resumed)
            // What was half done is done again.
            #expect(before.merging(after) { $1 } == losses, "cut after \(limit) steps")
            #expect(bits(resumed) == bits(whole), "cut after \(limit) steps")
        }
    }

    @Test("A state that is not finite is named, and not gone on from")
    func notFinite() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/c.safetensors"
        let first = try trainer()
        _ = try run(first, until: 2)
        try first.writeCheckpoint(to: path)
        var tensors = try SafetensorsFile.read(path)
        let name = try #require(tensors.names.first { $0.hasPrefix("square.") })
        let stored = try #require(tensors[name])
        var values = try stored.floats()
        values[1] = .infinity
        tensors[name] = StoredTensor(shape: stored.shape, floats: values)
        try SafetensorsFile.write(tensors, to: path)
        let second = try trainer()
        let before = bits(second)
        let error = #expect(throws: CheckpointError.self) { try second.restore(Checkpoint(path: path)) }
        #expect("\(try #require(error))".contains("'\(name)': its value at [0, 1] is inf"))
        #expect(bits(second) == before)
    }

    @Test("A scaler goes on where it was")
    func scaler() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try trainer(Setting(precision: .float16))
        _ = try run(first, until: 3)
        try first.writeCheckpoint(to: folder + "/c.safetensors")
        let second = try trainer(Setting(precision: .float16))
        try second.restore(Checkpoint(path: folder + "/c.safetensors"))
        #expect(second.scaler == first.scaler && second.scaler.goodSteps > 0)
    }

    @Test("A checkpoint of 0.6, which has one count of steps for all parameters, goes on to the same bits")
    func earlierFormat() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try trainer()
        _ = try run(first, until: 3)
        try first.writeCheckpoint(to: folder + "/c.safetensors")
        try SafetensorsFile.rewrite(folder + "/c.safetensors", to: folder + "/old.safetensors", keeping: { !$0.hasPrefix("steps.") })
        let (old, new) = (try SafetensorsFile.read(folder + "/old.safetensors"), try SafetensorsFile.read(folder + "/c.safetensors"))
        #expect(old.names.count < new.names.count)
        let second = try trainer()
        try second.restore(Checkpoint(path: folder + "/old.safetensors"))
        for trainer in [first, second] { _ = try run(trainer, until: 6) }
        #expect(bits(first) == bits(second))
    }

    @Test("Counts of steps that are none are refused", arguments: [-1, .nan, .infinity, 1e30])
    func badCounts(_ count: Float) throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let trainer = try trainer()
        _ = try run(trainer, until: 1)
        let memories = trainer.optimizer.memories(of: trainer.parameters[0].tensor)
        #expect(memories.last?.name == "steps")
        memories.last?.values.replaceValues([count])
        try trainer.writeCheckpoint(to: folder + "/c.safetensors")
        let checkpoint = try Checkpoint(path: folder + "/c.safetensors")
        let other = try self.trainer()
        #expect(throws: CheckpointError.self) { try other.restore(checkpoint) }
    }

    @Test("Files that are no checkpoint, or another training's, are refused and change nothing")
    func strangers() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/c.safetensors"
        let trainer = try trainer()
        try trainer.writeCheckpoint(to: path)
        let whole = try #require(FileManager.default.contents(atPath: path))
        for length in [0, 7, 100, whole.count / 2, whole.count - 1] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            #expect(throws: CheckpointError.self) { _ = try Checkpoint(path: path) }
        }
        // The state's counters are checked too.
        let text = String(decoding: whole, as: UTF8.self)
        #expect(text.contains(#"\"epoch\":0"#))
        var damaged = whole
        let place = try #require(whole.range(of: Foundation.Data(#"\"epoch\":0"#.utf8)))
        damaged.replaceSubrange(place, with: Foundation.Data(#"\"epoch\":x"#.utf8))
        try damaged.write(to: URL(fileURLWithPath: path))
        #expect(throws: CheckpointError.self) { _ = try Checkpoint(path: path) }

        let other = try self.trainer(Setting(dora: true))
        _ = try run(other, until: 2)
        try other.writeCheckpoint(to: path)
        let before = bits(trainer)
        let checkpoint = try Checkpoint(path: path)
        #expect(throws: CheckpointError.self) { try trainer.restore(checkpoint) }
        #expect(bits(trainer) == before && trainer.progress == TrainingProgress())
    }

    @Test("A folder keeps the newest, passes over what cannot be read, and puts aside")
    func folder() throws {
        let root = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let folder = CheckpointFolder(path: root + "/run.checkpoints", limit: 2)
        #expect(folder.newest().checkpoint == nil && folder.paths.isEmpty)
        #expect(try folder.moveAside() == nil)
        let trainer = try trainer()
        for steps in [9, 10, 200] {
            try trainer.writeCheckpoint(to: folder.path(ofSteps: steps), notes: ["steps": .integer(steps)])
            folder.prune(keeping: folder.path(ofSteps: steps))
        }
        #expect(folder.paths == [folder.path(ofSteps: 200), folder.path(ofSteps: 10)])
        try Foundation.Data("not safetensors".utf8).write(to: URL(fileURLWithPath: folder.path(ofSteps: 300)))
        let (newest, unreadable) = folder.newest()
        #expect(newest?.notes["steps"]?.integer == 200 && unreadable.count == 1)
        // What was just written stays, also behind others.
        try trainer.writeCheckpoint(to: folder.path(ofSteps: 11))
        CheckpointFolder(path: folder.path, limit: 1).prune(keeping: folder.path(ofSteps: 11))
        #expect(folder.paths == [folder.path(ofSteps: 11)])
        for steps in [10, 200] { try trainer.writeCheckpoint(to: folder.path(ofSteps: steps)) }
        try Foundation.Data("not safetensors".utf8).write(to: URL(fileURLWithPath: folder.path(ofSteps: 300)))
        let beyond = try #require(try folder.moveAside(beyond: Checkpoint(path: folder.path(ofSteps: 11))))
        #expect(folder.paths == [folder.path(ofSteps: 11), folder.path(ofSteps: 10)] && CheckpointFolder(path: beyond).paths.count == 2)
        #expect(try folder.moveAside(beyond: Checkpoint(path: folder.path(ofSteps: 11))) == nil)
        try FileManager.default.removeItem(atPath: beyond)
        try trainer.writeCheckpoint(to: folder.path(ofSteps: 12))
        let place = try #require(try folder.moveAside())
        #expect(folder.paths.isEmpty && CheckpointFolder(path: place).paths.count == 3)
        try trainer.writeCheckpoint(to: folder.path(ofSteps: 1))
        #expect(try folder.moveAside() == place)
        #expect(CheckpointFolder(path: place).paths.count == 1)
    }

    @Test("A folder that is a link stays one, and what is put aside lies beside its target")
    func linkedFolder() throws {
        let root = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let folder = CheckpointFolder(path: root + "/run.checkpoints", limit: 2)
        try FileManager.default.createSymbolicLink(atPath: folder.path, withDestinationPath: "disk/run")
        let trainer = try trainer()
        for steps in [1, 2] {
            try trainer.writeCheckpoint(to: folder.path(ofSteps: steps))
            #expect(CheckpointFolder(path: root + "/disk/run").paths.count == 1)
            #expect(try folder.moveAside() == root + "/disk/run.old")
        }
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path) == "disk/run")
    }
}
