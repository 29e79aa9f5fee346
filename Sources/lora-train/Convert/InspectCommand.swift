import Data
import Foundation
import LoRA
import Model
import Tensor
import Training

/// Says what is in a file or folder: a model, an adapter, a checkpoint, or tensors of something else.
struct InspectCommand {
    let options: InspectOptions

    func run() throws {
        guard let word = options.path else {
            throw CommandError.usage("inspect needs a file or folder: lora-train inspect FILE")
        }
        let path = try LocalModels.path(of: word)
        guard FileManager.default.fileExists(atPath: path) else { throw CommandError.failure("\(path): no such file or folder") }
        let report = try Self.report(path, options.model.hints)
        if options.isJSON { return Console.shared.line(JSON.object(report.json(listsTensors: options.listsTensors)).serialized) }
        for (name, text) in report.lines {
            Console.shared.line(name.padding(toLength: max(14, name.count + 1), withPad: " ", startingAt: 0) + text)
        }
        if options.listsTensors {
            for tensor in report.tensors { Console.shared.line("  \(tensor.type.rawValue)\t\(tensor.shape)\t\(tensor.name)") }
        }
    }

    private static func report(_ path: String, _ hints: ModelHints) throws -> Report {
        // First, as it holds an adapter's tensors too.
        if let checkpoint = try? Checkpoint(path: path) { return Report(checkpoint) }
        let modelError: any Error
        do {
            return try Report(ModelFile.open(path, hints))
        } catch ModelError.inFile(let path, .unsupported(let reason)) {
            throw ModelError.inFile(path: path, .unsupported(reason))
        } catch ModelError.inFile(_, .ambiguous(let reason)) {
            // What the file holds can be said without a guess at the model.
            return Report(try TensorFile.read(path), path, unknown: reason)
        } catch {
            modelError = error
        }
        do {
            return try Report(AdapterFile.inspect(path), path)
        } catch AdapterFileError.inFile(_, .notAnAdapter) {
            // Neither; tensors there may be all the same.
            guard let tensors = try? TensorFile.read(path), tensors.count > 0 else { throw modelError }
            return Report(tensors, path)
        }
    }
}

/// What was found.
private struct Report {
    var lines: [(name: String, text: String)] = []
    var tensors: [(name: String, type: ElementType, shape: [Int])] = []
    private var fields = JSONObject()

    init(_ file: ModelFile) throws {
        let configuration = file.configuration
        add(file.weights.tensors)
        say("model", file.summary, "family", .string(configuration.family.name))
        if let packing = file.weights.packing { fields["packing"] = .string(packing) }
        if let generation = configuration.generation { fields["generation"] = .string(generation.rawValue) }
        var sizes =
            "dim \(configuration.dim), \(configuration.layerCount) layers, heads \(configuration.headCount)/\(configuration.keyValueHeadCount) of \(configuration.headDim), feed-forward \(configuration.hiddenDim)"
        if let hidden = configuration.experts?.hiddenDim, hidden != configuration.hiddenDim { sizes += " (an expert \(hidden))" }
        say(
            "sizes", sizes + ", vocabulary \(configuration.vocabularySize), output \(configuration.tiesEmbedding ? "tied" : "of its own")",
            nil, nil)
        say(
            "rotary",
            "\(configuration.rotaryLayout == .interleaved ? "interleaved" : "rotate-half"), theta \(configuration.ropeTheta)"
                + (configuration.ropeScaling.map { ", \($0)" } ?? ""), nil, nil)
        for (key, value) in [
            ("dim", configuration.dim), ("layers", configuration.layerCount), ("heads", configuration.headCount),
            ("key_value_heads", configuration.keyValueHeadCount), ("head_dim", configuration.headDim),
            ("hidden_dim", configuration.hiddenDim), ("vocabulary", configuration.vocabularySize),
            ("experts", configuration.experts?.count ?? 0),
        ] { fields[key] = .integer(value) }
        var count = 0
        configuration.forEachParameter { _, shape in count += shape.reduce(1, *) }
        say("parameters", "\(count)", "parameters", .integer(count))
        let fingerprint = "\(try file.weights.fingerprint(configuration))"
        say("fingerprint", fingerprint, "fingerprint", .string(fingerprint))
        let tokenizer =
            switch file.tokenizer {
            case .folder(let folder)?: Tokenizer.file(in: folder) ?? folder
            case .gguf?: "in the file"
            case nil: "none beside it"
            }
        say("tokenizer", tokenizer, "tokenizer", .string(tokenizer))
        sayNotFinite(file.weights.tensors)
        saySize(file.path)
    }

    init(_ adapter: AdapterSummary, _ path: String) {
        say("adapter", "\(adapter)", "format", .string(adapter.format.rawValue))
        fields["parameters"] = .integer(adapter.parameterCount)
        fields["ranks"] = .array(adapter.ranks.map(JSON.integer))
        fields["scales"] = .array(adapter.scales.map { .number(Double($0)) })
        let names = adapter.modules.map(\.name)
        say("modules", ModuleNames.summary(names), "modules", .array(names.map(JSON.string)))
        if !adapter.wholeParameters.isEmpty {
            let names = adapter.wholeParameters
            say("trained whole", names.joined(separator: ", "), "modules_to_save", .array(names.map(JSON.string)))
        }
        if adapter.trainedTokenCount > 0 {
            say("trained rows", "\(adapter.trainedTokenCount) tokens", "trained_tokens", .integer(adapter.trainedTokenCount))
        }
        if let provenance = adapter.provenance {
            for key in provenance.keys {
                say(key, provenance[key]?.string ?? provenance[key]?.serialized ?? "", nil, nil)
            }
            fields["provenance"] = .object(provenance)
        }
        if let file = try? TensorFile.read(path) { add(file, saysTypes: false) }
        sayNotFinite(adapter.tensors)
        saySize(path)
    }

    init(_ checkpoint: Checkpoint) {
        let (progress, isComplete) = (checkpoint.progress, checkpoint.notes["is_complete"]?.bool == true)
        let place = isComplete ? "the run's end" : "epoch \(progress.epoch + 1), optimizer step \(progress.optimizerSteps) in it"
        say(
            "checkpoint", "after optimizer step \(checkpoint.optimizerSteps): \(place)", "optimizer_steps",
            .integer(checkpoint.optimizerSteps))
        fields["epoch"] = .integer(progress.epoch)
        fields["is_complete"] = .bool(isComplete)
        say("parameters", "\(checkpoint.parameterCount)", "parameters", .integer(checkpoint.parameterCount))
        add(checkpoint.tensors)
        sayNotFinite(checkpoint.tensors)
        let recipe = checkpoint.notes["recipe"]?.object ?? [:]
        for key in recipe.keys { say(key, recipe[key]?.string ?? recipe[key]?.serialized ?? "", nil, nil) }
        fields["recipe"] = .object(recipe)
        saySize(checkpoint.path)
    }

    /// - Parameter unknown: why nobody knows which model the tensors are; `nil` where they are of none
    init(_ dictionary: StateDictionary, _ path: String, unknown: String? = nil) {
        if let unknown { say("model", "not known: " + unknown, "problem", .string(unknown)) }
        say(
            "tensors", "\(dictionary.count)\(unknown == nil ? ", of no model and no adapter known here" : "")", "tensor_count",
            .integer(dictionary.count))
        add(dictionary)
        sayNotFinite(dictionary)
        saySize(path)
    }

    private mutating func say(_ name: String, _ text: String, _ key: String?, _ value: JSON?) {
        lines.append((name, text))
        if let key { fields[key] = value }
    }

    private mutating func add(_ dictionary: StateDictionary, saysTypes: Bool = true) {
        tensors = dictionary.names.compactMap { name in dictionary[name].map { (name, $0.elementType, $0.shape) } }
        guard saysTypes else { return }
        var counts: [ElementType: Int] = [:]
        for tensor in tensors { counts[tensor.type, default: 0] += 1 }
        let types = counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
        say(
            "types", types.map { "\($0.key.rawValue) × \($0.value)" }.joined(separator: ", "), "types",
            .object(types.reduce(into: JSONObject()) { $0[$1.key.rawValue] = .integer($1.value) }))
    }

    /// Names the tensors that no command will take, which is no reason to say less of the others.
    private mutating func sayNotFinite(_ dictionary: StateDictionary) {
        var found: [JSON] = []
        for name in dictionary.names where !StoredWeights.isBuffer(name) {
            guard let error = dictionary[name]?.firstNotFinite else { continue }
            say("not finite", "'\(name)': \(error)", nil, nil)
            found.append(.string(name))
        }
        fields["not_finite"] = .array(found)
    }

    private mutating func saySize(_ path: String) {
        guard let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int,
            (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType == .typeRegular
        else { return }
        say("size", "\(size) bytes", "bytes", .integer(size))
    }

    func json(listsTensors: Bool) -> JSONObject {
        var json = fields
        if listsTensors {
            json["tensors"] = .array(
                tensors.map { ["name": .string($0.name), "type": .string($0.type.rawValue), "shape": .array($0.shape.map(JSON.integer))] })
        }
        return json
    }
}
