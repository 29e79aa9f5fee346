import Tensor

/// A family of models: what people call it, and how the files of Hugging Face and of llama.cpp describe its models.
///
/// A family is a description. What a model computes is in its ``ModelConfiguration``, and one layer computes all of them.
/// To add a family, write a file beside this one and name it in ``all``.
public struct ModelFamily: Sendable {
    /// What people call it: `Llama`, `MiniMind v2`.
    public let name: String
    /// How transformers describes its models; `nil` where no class does.
    let huggingFace: HuggingFace?
    /// How llama.cpp describes its models; `nil` where it has no architecture for them.
    let gguf: GGUF?
    /// What the parameters are called in a state dict.
    let naming: ParameterNaming
    /// The generation of MiniMind whose state dicts have the same keys.
    let generation: ModelGeneration?
    /// The family in whose form a model is written, where that is another one.
    var writtenAs: @Sendable (ModelConfiguration) throws(ModelError) -> ModelFamily? = { _ in nil }

    init(
        name: String, huggingFace: HuggingFace? = nil, gguf: GGUF? = nil, naming: ParameterNaming? = nil,
        generation: ModelGeneration? = nil
    ) {
        self.name = name
        self.huggingFace = huggingFace
        self.gguf = gguf
        self.naming = naming ?? huggingFace?.naming ?? .huggingFace
        self.generation = generation
    }

    /// Every family that is read here.
    public static let all: [ModelFamily] = [
        .llama,
        .qwen2,
        .qwen3,
        .qwen3MoE,
        .gemma,
        .gemma2,
        .gemma3,
        .mistral,
        .ministral,
        .ministral3,
        .granite,
        .smolLM3,
        .olmo2,
        .olmo3,
        .exaone4,
        .ernie45,
        .hunYuan,
        .seedOSS,
        .helium,
        .phi3,
        .glm,
        .lfm2,
        .qwen35,
        .minimindClassic,
        .minimind2,
        .minimind3,
    ]
}

extension ModelFamily {
    /// The type of its models in a `config.json`: `llama`, `gemma3_text`. MiniMind's generations share one.
    public var modelType: String { huggingFace?.modelType ?? name }

    /// The types of all families' models, as a list for a person.
    package static var modelTypes: String { all.compactMap { $0.huggingFace?.modelType }.unique }

    /// The first family of a `model_type`, or of a name whatever the case: `llama`, `Gemma 3`.
    public static func named(_ name: String) -> ModelFamily? {
        let name = name.lowercased()
        return all.first { $0.modelType == name || $0.name.lowercased() == name }
    }

    /// Whether it is a generation of MiniMind.
    public var isMiniMind: Bool { [.minimindClassic, .minimind2, .minimind3].contains(self) }
}

extension ModelFamily: Equatable {
    public static func == (left: ModelFamily, right: ModelFamily) -> Bool { left.name == right.name }
}

// MARK: - Hugging Face

extension ModelFamily {
    /// A class of transformers, and its settings in `config.json`.
    struct HuggingFace: Sendable {
        /// `model_type` in `config.json`.
        let modelType: String
        /// The class for generation, in `architectures`.
        let className: String
        /// The `model_type` of a model of more than texts, whose settings hold those of the class in `text_config`, and whose
        /// names of weights have `language_model.` after `model.`; `nil` for a class of texts alone.
        var outerModelType: String?
        /// How the names of weights begin that the class has no use for.
        var ignoredPrefixes: [String] = []
        /// What the parameters are called.
        var naming = ParameterNaming.huggingFace
        /// Which of a head's values turn together.
        var rotaryLayout = RotaryLayout.rotateHalf
        /// Whether heads may turn in part, by `partial_rotary_factor`.
        var hasPartialRotation = false
        /// The model that settings describe. What they leave out has the value that the class gives it.
        let read: @Sendable (ConfigurationFields) throws(ModelError) -> ModelConfiguration
        /// Adds to the settings that all classes have what this class has besides.
        let write: @Sendable (ModelConfiguration, inout JSONObject) throws(ModelError) -> Void
    }

    /// The family whose settings a `config.json` holds.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` for a class that is not read here
    static func named(by fields: ConfigurationFields) throws(ModelError) -> ModelFamily {
        let architecture = fields["architectures"]?.array?.first?.string
        let known = all.compactMap(\.huggingFace)
        let given = try fields.text("model_type") ?? known.first { $0.className == architecture }?.modelType
        guard let given else { throw .configuration("there is no 'model_type'; is this the config.json of a language model?") }
        guard let family = all.first(where: { $0.huggingFace?.modelType == given || $0.huggingFace?.outerModelType == given }) else {
            throw .unsupported("models of type '\(given.prefix(60))' are not read here; \(modelTypes) are")
        }
        return family
    }

    /// The form in which a model becomes a Hugging Face folder.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where no class computes the same
    static func huggingFaceForm(of model: ModelConfiguration) throws(ModelError) -> HuggingFace {
        guard let form = try writingFamily(of: model).huggingFace else {
            throw .unsupported("transformers has no class for models of \(model.family.name); write the model as a state dict")
        }
        return form
    }

    fileprivate static func writingFamily(of model: ModelConfiguration) throws(ModelError) -> ModelFamily {
        try model.family.writtenAs(model) ?? model.family
    }
}

// MARK: - GGUF

extension ModelFamily {
    /// An architecture of llama.cpp, and its settings in the metadata of a GGUF.
    struct GGUF: Sendable {
        /// `general.architecture`.
        let architecture: String
        /// What the parameters are called.
        var naming = ParameterNaming.gguf
        /// Which of a head's values turn together.
        let rotaryLayout: RotaryLayout
        /// Whether llama.cpp takes it that all heads together are as wide as the model.
        var headsSpanModel = false
        /// Whether heads may turn in part, by `rope.dimension_count`.
        var hasPartialRotation = false
        /// Whether each rotary frequency may have a divisor of its own, in `rope_freqs.weight`.
        var hasFrequencyDivisors = false
        /// Whether each rotary frequency may have a divisor in short texts and one in long ones.
        var hasLengthDivisors = false
        /// Whether layers may have a window of attention, which ``read`` reads.
        var hasWindows = false
        /// Whether layers may have experts, which ``read`` reads.
        var hasExperts = false
        /// Whether layers may have no heads of keys and values, of which ``read`` makes another kind.
        var hasLayerKinds = false
        /// Whether the architecture has the usual scale of attention alone, so that another one becomes a factor of what
        /// makes the queries: of their norm, or, without a norm, of their projection.
        var foldsAttentionScale = false
        /// Changes the model that the settings of all architectures describe by what this one has besides.
        let read: @Sendable (GGUFFields, StateDictionary, inout ModelConfiguration) throws(ModelError) -> Void
        /// Adds to the settings that all architectures have what this one has besides.
        var write: @Sendable (ModelConfiguration, inout GGUFFields) throws(ModelError) -> Void = { _, _ in }
        /// What llama.cpp does not compute although its files say it, in words; `nil` where it computes the model.
        var warning: @Sendable (ModelConfiguration) -> String? = { _ in nil }
    }

    /// The family whose settings a GGUF of an architecture holds.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` for an architecture that is not read here
    static func named(byArchitecture name: String) throws(ModelError) -> ModelFamily {
        guard let family = known(byArchitecture: name) else {
            let known = all.compactMap { $0.gguf?.architecture }.unique
            throw .unsupported("models of the architecture '\(name.prefix(60))' are not read here; \(known) are")
        }
        return family
    }

    /// The form in which a model becomes a GGUF file.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where llama.cpp has no such model
    static func ggufForm(of model: ModelConfiguration) throws(ModelError) -> GGUF {
        guard let form = try writingFamily(of: model).gguf else {
            throw .unsupported(
                "llama.cpp has no architecture for models of \(model.family.name); write a Hugging Face folder or a state dict")
        }
        return form
    }
}

extension ParameterNaming {
    /// Those of all families' state dicts, each once.
    package static let ofFamilies: [ParameterNaming] = ModelFamily.all.reduce(into: []) {
        if !$0.contains($1.naming) { $0.append($1.naming) }
    }
}

extension ModelFamily {
    /// The first family of an architecture; `nil` for one that is not known here.
    fileprivate static func known(byArchitecture name: String) -> ModelFamily? { all.first { $0.gguf?.architecture == name } }

    /// Which of a head's values turn together in a GGUF of an architecture; `nil` for one that is not known here.
    package static func rotaryLayout(ofArchitecture name: String) -> RotaryLayout? { known(byArchitecture: name)?.gguf?.rotaryLayout }

    /// What the parameters are called in a GGUF of an architecture, known here or not.
    package static func ggufNaming(ofArchitecture name: String) -> ParameterNaming { known(byArchitecture: name)?.gguf?.naming ?? .gguf }
}

extension ModelConfiguration {
    /// Which of a head's values turn together in a Hugging Face folder of the model.
    package var huggingFaceRotaryLayout: RotaryLayout { (try? ModelFamily.huggingFaceForm(of: self).rotaryLayout) ?? .rotateHalf }

    /// What the parameters are called in a Hugging Face folder of the model, and in adapters of PEFT and mlx-lm.
    package var huggingFaceNaming: ParameterNaming { (try? ModelFamily.huggingFaceForm(of: self).naming) ?? .huggingFace }

    /// What llama.cpp does not compute of a GGUF of the model, in words; `nil` where it computes all.
    package var ggufWarning: String? { (try? ModelFamily.ggufForm(of: self))?.warning(self) }

    /// llama.cpp's name for the kind of model.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where it has none
    package var ggufArchitecture: String {
        get throws(ModelError) { try ModelFamily.ggufForm(of: self).architecture }
    }
}

extension [String] {
    /// Each once, in the order of their first places, as a list for a person.
    fileprivate var unique: String {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }.joined(separator: ", ")
    }
}
