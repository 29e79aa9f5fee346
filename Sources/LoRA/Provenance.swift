import Model
import Tensor

/// What an adapter comes from: what it was trained on, and how. Files of every format carry it along.
public struct Provenance: Sendable, Equatable {
    /// Of the base's weights: ``Model/StoredWeights/fingerprint(_:)``.
    public var base: Fingerprint?
    /// Of the tokenizer's file.
    public var tokenizer: Fingerprint?
    /// Of the file of training data.
    public var data: Fingerprint?
    /// The factor before `B A` in training. A format that has no place for a factor holds it in B.
    public var scale: Float?
    /// The same by layer, where layers differ, under the names that Hugging Face gives them.
    public var scales: [String: Float]
    /// Of the training's random numbers.
    public var seed: UInt64?
    /// The options of the training.
    public var recipe: JSONObject
    /// Of the program that trained.
    public var version: String?
    /// The tokens that were added to the tokenizer, as ``Data/AddedToken`` writes them, with their ids.
    public var addedTokens: [JSON] = []
    /// Whose rows of the embedding were trained apart from the others.
    public var trainedTokens: [Int32]?

    /// What is known; what is not is `nil`.
    public init(
        base: Fingerprint? = nil, tokenizer: Fingerprint? = nil, data: Fingerprint? = nil, scale: Float? = nil,
        scales: [String: Float] = [:], seed: UInt64? = nil, recipe: JSONObject = [:], version: String? = nil
    ) {
        self.base = base
        self.tokenizer = tokenizer
        self.data = data
        self.scale = scale
        self.scales = scales
        self.seed = seed
        self.recipe = recipe
        self.version = version
    }

    /// What a file says. What is missing or of another kind is not known.
    public init(_ json: JSONObject) {
        func fingerprint(_ key: String) -> Fingerprint? { json[key]?.string.flatMap { Fingerprint($0) } }
        self.init(
            base: fingerprint("base"), tokenizer: fingerprint("tokenizer"), data: fingerprint("data"),
            scale: json["scale"]?.number.map { Float($0) },
            scales: (json["scales"]?.object ?? [:]).reduce(into: [:]) { $0[$1.key] = $1.value.number.map { Float($0) } },
            seed: json["seed"]?.integer.flatMap { UInt64(exactly: $0) } ?? json["seed"]?.string.flatMap { UInt64($0) },
            recipe: json["recipe"]?.object ?? [:], version: json["version"]?.string)
        addedTokens = json["added_tokens"]?.array ?? []
        trainedTokens = json["trained_tokens"]?.array?.compactMap { $0.integer.flatMap { Int32(exactly: $0) } }
    }

    /// As files keep it. A seed beyond the integers of JSON is a string.
    public var json: JSONObject {
        var json = JSONObject()
        json["version"] = version.map { .string($0) }
        json["base"] = base.map { .string($0.description) }
        json["tokenizer"] = tokenizer.map { .string($0.description) }
        json["data"] = data.map { .string($0.description) }
        json["scale"] = scale.map { .number(shortest($0)) }
        if !scales.isEmpty {
            var byLayer = JSONObject()
            for (layer, scale) in scales.sorted(by: { $0.key < $1.key }) { byLayer[layer] = .number(shortest(scale)) }
            json["scales"] = .object(byLayer)
        }
        json["seed"] = seed.map { seed in Int(exactly: seed).map { .integer($0) } ?? .string(String(seed)) }
        if !addedTokens.isEmpty { json["added_tokens"] = .array(addedTokens) }
        json["trained_tokens"] = trainedTokens.map { .array($0.map { .integer(Int($0)) }) }
        if !recipe.keys.isEmpty { json["recipe"] = .object(recipe) }
        return json
    }

    /// Of the text of a file; one that is no JSON object stands under `text`.
    init(text: String) { self.init(Self.object(text)) }

    static func object(_ text: String) -> JSONObject { (try? JSON(parsing: text))?.object ?? ["text": .string(text)] }
}

extension Provenance {
    /// The factor that a layer was trained with; `nil` if it is unknown, or cannot be trained with.
    func scale(of place: ParameterPlace) -> Float? {
        guard let scale = scales[ParameterNaming.huggingFace.moduleName(of: place)] ?? scale, scale.isFinite, scale > 0 else { return nil }
        return scale
    }
}

extension AdapterState {
    /// Refuses a base that is not the one on which the adapter was trained, where that is known.
    ///
    /// - Throws: ``AdapterFileError/otherBase(adapter:base:)``
    public func checkBase(_ fingerprint: Fingerprint) throws(AdapterFileError) {
        guard let trained = provenance.map(Provenance.init)?.base, trained != fingerprint else { return }
        throw .otherBase(adapter: trained, base: fingerprint)
    }
}

/// The shortest decimal that reads as this very number: 0.1, not 0.10000000149.
func shortest(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
