import Foundation
import LoRA
import Model
import Tensor
import Training

/// What is trained, and where it is saved.
struct Subject {
    let parameters: [(name: String, tensor: Tensor)]
    let groups: [ParameterGroup]
    let path: String
    /// Beside the adapters, also of a run that trains everything: the start of the names of what else is written.
    let stem: String
    /// What it is, in words by what they are about.
    let words: JSONObject
    /// Takes it as it is now, to be written to a path later.
    let copy: () -> (_ path: String) throws -> Void
    /// How a model that is trained whole is written; `nil` for an adapter.
    private let output: WholeModel?
    /// The adapter, where one is trained.
    let adapter: LoRAAdapter?
    /// What the adapter of `--lora_path` brings along, as a checkpoint knows it again; `nil` for a new one.
    let start: String?
    /// Where that comes from, as files carry it along.
    let provenance: JSONObject?
    /// The loss that keeps experts evenly used; `nil` of a model without one.
    let balance: String?
    /// Whether training the same samples in micro-batches of other sizes is another training: where masks of dropout are
    /// drawn, or the balance of experts is measured, in each for itself.
    let dependsOnLayout: Bool

    /// Puts a new adapter or that of `--lora_path` on the model, or takes the whole model.
    ///
    /// - Parameters:
    ///   - tokens: those that are added to the tokenizer, new to it and known
    ///   - checkpoint: of the run that this one goes on from
    init(
        _ options: TrainOptions, _ model: LanguageModel, _ base: Base?, _ origins: Origins, _ tokens: (new: [Int32], known: [Int32]),
        from checkpoint: Checkpoint?
    ) throws {
        let console = Console.shared
        func announceBase() {
            if let base { console.line("base \(base.file.path): \(base.file.summary)") }
        }
        stem = Self.stem(options, model.configuration)
        balance = model.configuration.experts.flatMap {
            $0.auxiliaryCoefficient > 0 ? "\($0.auxiliaryCoefficient) \($0.balance)" : nil
        }
        let savedType = ElementType(rawValue: options.savedType.rawValue) ?? .float32
        if options.trainsAll {
            try model.enlargeVocabulary(to: tokens.new.map { Int($0) + 1 }.max() ?? 0)
            console.line("LLM 总参数量: \(model.parameterCount)")
            announceBase()
            let output = try WholeModel(options, model, base)
            for note in output.notes { console.note(note) }
            self.output = output
            path = "\(options.model.outDir)/\((stem as NSString).lastPathComponent)\(output.ending)"
            parameters = model.parameters
            groups = [ParameterGroup(parameters.map(\.tensor))]
            words = Self.words(base, options, total: model.parameterCount, trained: model.parameterCount)
            (adapter, start, provenance) = (nil, nil, nil)
            dependsOnLayout = balance != nil
            copy = {
                let copy = output.copied()
                return {
                    try copy.write(to: $0)
                    try copy.check(savedAt: $0)
                }
            }
            return
        }
        let (adapter, source) = try Self.adapter(options, on: model, base, tokens, from: checkpoint)
        let total = model.parameterCount + adapter.parameterCount
        for line in PublishedLog.parameters(total: total, trained: adapter.parameterCount) { console.line(line) }
        announceBase()
        console.line(Self.summary(adapter))
        if let source { Self.announce(source, of: adapter, path: options.model.loraPath ?? "") }
        let path = stem + ".pth"
        self.path = path
        self.adapter = adapter
        output = nil
        let ownPaths = [path, Self.bestPath(path), stem + ".checkpoints"]
        start = options.model.loraPath.map { Self.start(adapter, path: $0, savedPaths: ownPaths) }
        dependsOnLayout = adapter.updates.contains { $0.update.dropout > 0 } || balance != nil
        parameters = adapter.parameters
        groups = options.adapter.groups(adapter)
        words = Self.words(base, options, total: total, trained: adapter.parameterCount)
        let provenance = options.provenance(of: adapter, origins).json
        self.provenance = provenance
        copy = {
            var state = adapter.state
            state.provenance = provenance
            return { [state] in try AdapterFile.write(state, as: .minimind, to: $0, for: model.configuration, elementType: savedType) }
        }
    }

    /// The start of the names of what a run writes beside the adapters.
    static func stem(_ options: TrainOptions, _ configuration: ModelConfiguration) -> String {
        let suffix = options.trainsAll && configuration.experts != nil ? "_moe" : ""
        return "\(options.model.outDir)/lora/\(options.loraName)_\(configuration.dim)\(suffix)"
    }

    /// Writes it to a path.
    func save(_ path: String) throws {
        if let output { try output.write(to: path) } else { try copy()(path) }
    }

    /// Looks whether a model that was saved whole opens again as what it was.
    ///
    /// - Throws: ``CommandError``, or `ModelError` with the path
    func checkSaved(_ path: String) throws { try output?.check(savedAt: path) }

    private static func words(_ base: Base?, _ options: TrainOptions, total: Int, trained: Int) -> JSONObject {
        [
            "base": .string(base.map { "\($0.file.path): \($0.file.summary)" } ?? "a random start"),
            "data": .string(options.dataPath), "parameters": .string("\(total)"), "trained parameters": .string("\(trained)"),
        ]
    }

    /// Where it is saved as it was when the validation loss was lowest.
    var bestPath: String { Self.bestPath(path) }

    private static func bestPath(_ path: String) -> String {
        let ending = [".pth", ".gguf"].first(where: path.hasSuffix) ?? ""
        return path.dropLast(ending.count) + ".best" + ending
    }

    /// Whether every value is a number.
    var isSound: Bool { parameters.allSatisfy { $0.tensor.sumOfSquares.isFinite } }

    /// A folder that cannot be written to is better found before hours of training than after.
    ///
    /// - Throws: `TensorFileError` with the system's reason, `ModelError` where something else stands in the place of a model,
    ///   or its form does not say all of it
    func checkWritable() throws {
        guard let output else { return try AtomicFile.checkWritable(path) }
        for path in [path, bestPath] { try output.checkWritable(path) }
    }

    private static func summary(_ adapter: LoRAAdapter) -> String {
        let updates = adapter.updates.map(\.update)
        let ranks = AdapterOptions.list(updates.map(\.factors.rank))
        let scales = AdapterOptions.list(updates.map(\.factors.scale))
        let kind = updates.contains { $0.magnitude != nil } ? " (DoRA)" : ""
        let names = adapter.updates.map(\.module.name)
        var parts = ["adapting \(names.count) modules with rank \(ranks), scale \(scales)\(kind): \(ModuleNames.summary(names))"]
        if let rows = adapter.tokenRows.first?.rows { parts.append("training the rows of \(rows.tokens.count) tokens") }
        if let own = adapter.own {
            let trained = own.tensors.map(\.place).filter(own.trained.contains).map(adapter.nameOfParameter)
            parts.append("training whole: \(trained.joined(separator: ", "))")
        }
        return parts.joined(separator: "; ")
    }

    /// Of an adapter as it was read. Files that the run itself writes change with every save.
    private static func start(_ adapter: LoRAAdapter, path: String, savedPaths: [String]) -> String {
        let updates = adapter.updates.map(\.update)
        func tensor(_ values: [Float]) -> StoredTensor { StoredTensor(shape: [values.count], floats: values) }
        var tensors = [tensor(updates.map(\.factors.scale)), tensor(updates.map(\.dropout))]
        let places = [path, (path as NSString).deletingLastPathComponent]
        guard !savedPaths.contains(where: { saved in places.contains { OutputPath.areSame($0, saved) } }) else {
            return "its own file, \(Fingerprint(of: tensors))"
        }
        tensors += adapter.parameters.map { StoredTensor(shape: $0.tensor.shape, floats: $0.tensor.values) }
        return Fingerprint(of: tensors).description
    }

    /// Says at which scale an adapter is trained on.
    private static func announce(_ source: ScaleSource, of adapter: LoRAAdapter, path: String) {
        let scales = AdapterOptions.list(adapter.updates.map(\.update.factors.scale))
        let reason =
            switch source {
            case .file: "as the file says"
            case .provenance: "with which it was trained, by its provenance"
            case .unsaid: "since the file says no other"
            }
        Console.shared.line("going on from \(path) at scale \(scales), \(reason)")
        if source == .provenance(isExact: false) {
            Console.shared.note("note: \(path) holds that scale in B, which has given it back rounded to the nearest float32")
        }
    }

    /// The adapter of `--lora_path`, and where its scale comes from; or a new one.
    private static func adapter(
        _ options: TrainOptions, on model: LanguageModel, _ base: Base?, _ tokens: (new: [Int32], known: [Int32]),
        from checkpoint: Checkpoint?
    ) throws -> (adapter: LoRAAdapter, source: ScaleSource?) {
        guard let path = options.model.loraPath else {
            do {
                var configuration = try options.adapter.configuration()
                (configuration.newTokens, configuration.trainedTokens) = tokens
                return (try LoRAAdapter(on: model, configuration, seed: UInt64(options.model.seed)), nil)
            } catch let error as LoRAError {
                throw CommandError.usage("--target_modules, --modules_to_save, --lora_rank, --lora_alpha: \(error)")
            }
        }
        guard let base else { throw CommandError.usage("--lora_path needs a base that it was trained on") }
        // A run of up to version 0.7 trained at the file's own scale, and goes on so.
        let isEarlier = checkpoint.map { $0.notes["provenance"] == nil } ?? false
        let (state, source) =
            isEarlier
            ? (try base.adapter(path, isForced: options.model.forcesAdapter), nil)
            : try base.adapterToTrain(path, isForced: options.model.forcesAdapter)
        let adapter: LoRAAdapter
        do {
            adapter = try LoRAAdapter(on: model, state)
            if options.given.contains("lora_dropout") { try adapter.setDropout(Float(options.adapter.dropout)) }
        } catch {
            throw CommandError.failure("\(path): \(error)")
        }
        do {
            try options.adapter.check(adapter, isRankStabilized: state.usesRankStabilizedScale, given: options.given)
        } catch let error as LoRAError {
            throw CommandError.usage("--lora_rank, --lora_alpha: \(error)")
        }
        return (adapter, source)
    }
}
