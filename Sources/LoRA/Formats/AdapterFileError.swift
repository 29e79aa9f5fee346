import Tensor

/// What can be wrong with an adapter's file, or with an adapter that is to be written to one.
public enum AdapterFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong with the file of tensors.
    case file(TensorFileError)
    /// The content is no adapter; what it is.
    case notAnAdapter(String)
    /// `adapter_config.json` is damaged or lacks something.
    case configuration(String)
    /// Something that the adapter's format knows, but not this reader; what it is called there.
    case unsupported(String)
    /// A key that is no part of an adapter.
    case unexpectedKey(String)
    /// A factor of a module that is not there.
    case incomplete(module: String, missing: String)
    /// The model has no module of this name that adapters join, or no parameter.
    case unknownModule(String)
    /// Factors that do not fit each other or the layer, whose weight has the shape `layer` where that is known.
    case shape(module: String, a: [Int], b: [Int], magnitude: [Int]?, layer: [Int]?)
    /// A parameter that is not of the shape that the model's has.
    case parameterShape(name: String, found: [Int], expected: [Int])
    /// A rank that is not the one that the configuration says.
    case rank(module: String, found: Int, expected: Int)
    /// Factors that are no floating-point numbers.
    case elementType(module: String, ElementType)
    /// A tensor with a value that cannot be used.
    case unreadable(tensor: String, TensorFileError)
    /// Two adapters for one module.
    case repeated(module: String)
    /// A module that has factors although the configuration does not name it.
    case notTargeted(module: String)
    /// A module that the configuration names, without factors.
    case targetWithoutFactors(module: String)
    /// Nothing says by what factor `B A` is multiplied.
    case noScale
    /// An adapter of another architecture of llama.cpp than the model's, which may have none there.
    case architecture(found: String, expected: String?)
    /// The adapter was trained on other weights.
    case otherBase(adapter: Fingerprint, base: Fingerprint)
    /// What the format has no place for.
    case cannotWrite(AdapterFormat, String)
    /// One of the above, in a file or folder.
    indirect case inFile(path: String, AdapterFileError)

    public var description: String { text.message }

    private var text: String {
        switch self {
        case .file(let error): "\(error)"
        case .notAnAdapter(let reason), .configuration(let reason): reason
        case .unsupported(let feature): "the adapter has \(feature), which is not read here; merge it with the tool that made it"
        case .unexpectedKey(let key): "'\(key.short)' is no part of a LoRA adapter; is this a base model, or an adapter of another kind?"
        case .incomplete(let module, let missing): "the adapter of '\(module.short)' lacks its \(missing)"
        case .unknownModule(let module):
            "the adapter is for '\(module.short)', which this model does not have, or no adapter joins; is it an adapter of another model?"
        case .shape(let module, let a, let b, let magnitude, let layer):
            "the adapter of '\(module.short)' has A \(a) and B \(b)" + (magnitude.map { " and a magnitude \($0)" } ?? "")
                + (layer.map { ", which do not fit the layer's weight \($0); is it an adapter of another model?" }
                    ?? ", which do not fit each other")
        case .parameterShape(let name, let found, let expected):
            "'\(name.short)' of the adapter is \(found), and the model's is \(expected); is it an adapter of another model?"
        case .rank(let module, let found, let expected):
            "the adapter of '\(module.short)' has rank \(found), but adapter_config.json says \(expected)"
        case .elementType(let module, let type): "the adapter of '\(module.short)' is of \(type) values, not of floating-point ones"
        case .unreadable(let tensor, let error): "'\(tensor.short)' cannot be read: \(error)"
        case .repeated(let module): "there are two adapters for '\(module.short)'"
        case .notTargeted(let module): "'\(module.short)' has factors, but adapter_config.json does not name it"
        case .targetWithoutFactors(let module): "adapter_config.json names '\(module.short)', but it has no factors; is the file whole?"
        case .noScale: "nothing says by what the factors are scaled; put their adapter_config.json beside them"
        case .architecture(let found, let expected):
            "the adapter is for a model of llama.cpp's architecture '\(found.short)', but this one is \(expected.map { "'\($0)'" } ?? "of none of its")"
        case .otherBase(let adapter, let base):
            "the adapter was trained on a base with the fingerprint \(adapter), not on this one, \(base); give that base, or --force to put it on this one all the same"
        case .cannotWrite(let format, let reason): "cannot be written as \(format.rawValue): \(reason)"
        case .inFile(let path, let error): "\(path): \(error)"
        }
    }
}

extension AdapterFileError {
    /// What is wrong with a key that is no part of an adapter that is read: other parts of an adapter are called by their names.
    static func unexpected(_ key: String) -> AdapterFileError {
        let kinds = [
            ("lora_bias", "trained biases"), ("ia3_l", "the scales of IA3"), ("hada_w", "the factors of LoHa"),
            ("lokr_w", "the factors of LoKr"), ("oft_", "the rotations of OFT"), ("vera_", "the scales of VeRA"),
            ("prompt_embeddings", "a trained prompt"),
        ]
        if let kind = kinds.first(where: { key.contains($0.0) }) { return .unsupported("\(kind.1) ('\(key.short)')") }
        return .unexpectedKey(key)
    }
}

extension String {
    /// A name from a file as a part of a message.
    fileprivate var short: String { count > 120 ? prefix(120) + "…" : self }
}
