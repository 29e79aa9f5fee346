import Model

/// What can be wrong with an adapter.
public enum LoRAError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No layers were asked for.
    case noTargets
    /// A word, a name or a pattern that fits no layer; the names that there are.
    case matchesNothing(String, names: [String])
    /// A name that no module of the model ends in.
    case noSuchModule(String)
    /// A pattern that is no regular expression.
    case pattern(String, reason: String)
    /// A part of a table of values that cannot be read.
    case table(String)
    /// Numbers or choices that do not go together.
    case configuration(String)
    /// The adapter has no layers.
    case empty
    /// The model has no module of this name that adapters join.
    case unknownModule(String)
    /// A module that the adapter has twice.
    case repeated(module: String)
    /// The factors do not fit the layer.
    case shape(module: String, a: [Int], b: [Int], layer: [Int])
    /// DoRA's magnitude does not fit the layer.
    case magnitude(module: String, found: [Int], expected: Int)
    /// The values of a factor cannot be read.
    case unreadable(module: String, reason: String)
    /// No adapter of the name is loaded; the names of those that are.
    case unknownAdapter(String, names: [String])

    public var description: String { text.message }

    private var text: String {
        switch self {
        case .noTargets: "no linear layer was chosen, so there is nothing to adapt"
        case .matchesNothing(let text, let names):
            "'\(text)' fits none of the modules; there are square, attention, mlp, all-linear, \(names.joined(separator: ", ")), and patterns of whole names"
        case .noSuchModule(let name):
            "no module of the model is called '\(name)'; modules to save are named by their ends, such as embed_tokens, lm_head or norm"
        case .pattern(let pattern, let reason): "'\(pattern)' is neither a name nor a regular expression (\(reason))"
        case .table(let text): "'\(text)' is neither a value nor name=value; write for example attention=8,mlp=16,default=4"
        case .configuration(let reason): reason
        case .empty: "the adapter has no layers"
        case .unknownModule(let module):
            "the adapter is for '\(module)', which this model does not have; do --n_layers and the base fit it?"
        case .repeated(let module): "the adapter has '\(module)' twice"
        case .shape(let module, let a, let b, let layer):
            "the adapter of '\(module)' has A \(a) and B \(b), which do not fit the layer's weight \(layer); do --dim and the base fit it?"
        case .magnitude(let module, let found, let expected):
            "the magnitude of '\(module)' is \(found), but the layer has \(expected) rows; do --dim and the base fit it?"
        case .unreadable(let module, let reason): "the adapter of '\(module)' cannot be read: \(reason)"
        case .unknownAdapter(let name, let names):
            "no adapter '\(name)' is loaded; \(names.isEmpty ? "none is" : "there are " + names.joined(separator: ", "))"
        }
    }

    /// What is wrong with the model, as a configuration that does not go together.
    static func ofModel<Value>(_ body: () throws(ModelError) -> Value) throws(LoRAError) -> Value {
        do throws(ModelError) {
            return try body()
        } catch {
            throw .configuration("\(error)")
        }
    }

    /// The last parts of modules' names, in every naming, each once.
    static func names(of modules: [AdaptedModule]) -> [String] {
        let namings = modules.map(\.allNames)
        var names: [String] = []
        for naming in 0..<(namings.map(\.count).max() ?? 0) {
            for name in namings where naming < name.count {
                guard let last = name[naming].split(separator: ".").last, !names.contains(String(last)) else { continue }
                names.append(String(last))
            }
        }
        return names
    }
}
