import Foundation
import Model
import Tensor
import Testing

/// A golden case computed by PyTorch: a tiny model, a LoRA, six batches, and what comes of them.
public struct Golden {
    public let folder: String
    public let configuration: ModelConfiguration
    public let io: StateDictionary
    public let expected: JSON

    /// The `v2-classic` dense case.
    public static func classicDense() throws -> Golden { try Golden(case: "v2-classic-dense") }

    /// The committed cases, by generation and kind.
    public static let committed = ["v2-classic-dense", "v2-classic-moe", "v2-dense", "v2-moe", "v3-dense", "v3-moe"]

    /// A folder of other cases: of the environment's `LORA_TRAIN_GOLDEN`, or beside the checkout.
    private static let others: String? = ProcessInfo.processInfo.environment["LORA_TRAIN_GOLDEN"] ?? Paths.shared("golden")

    /// The committed cases and, under `other/`, those of the other folder that differ from them.
    public static let cases: [String] =
        committed
        + committed.filter { name in
            guard let other = others.map({ "\($0)/\(name)/expected.json" }), FileManager.default.fileExists(atPath: other) else {
                return false
            }
            let ours = Paths.fixture("ModelTests", name) + "/expected.json"
            return !FileManager.default.contentsEqual(atPath: other, andPath: ours)
        }.map { "other/" + $0 }

    /// A case by its name, such as `v3-moe` or `other/v3-moe`.
    public init(case name: String) throws {
        if name.hasPrefix("other/"), let others = Self.others {
            try self.init(folder: "\(others)/\(name.dropFirst("other/".count))")
        } else {
            try self.init(folder: Paths.fixture("ModelTests", name))
        }
    }

    public init(folder: String) throws {
        self.folder = folder
        expected = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/expected.json")))
        io = try TensorFile.read(folder + "/io.safetensors")
        configuration = try Self.configuration(expected["config"])
    }

    private static func configuration(_ sizes: JSON?) throws -> ModelConfiguration {
        let generation = try #require(sizes?["generation"]?.string.flatMap(ModelGeneration.init))
        var experts: ExpertConfiguration?
        if sizes?["use_moe"]?.bool == true {
            var mixture = generation.defaultExperts
            mixture.count = sizes?["n_experts"]?.integer ?? 0
            mixture.perToken = sizes?["top_k"]?.integer ?? 0
            mixture.sharedCount = sizes?["n_shared"]?.integer ?? 0
            mixture.auxiliaryCoefficient = Float(sizes?["aux_coef"]?.number ?? 0)
            experts = mixture
        }
        return try ModelConfiguration(
            generation: generation, dim: sizes?["dim"]?.integer ?? 0, layerCount: sizes?["n_layers"]?.integer ?? 0,
            headCount: sizes?["n_heads"]?.integer ?? 0, keyValueHeadCount: sizes?["n_kv_heads"]?.integer ?? 0,
            vocabularySize: sizes?["vocab_size"]?.integer ?? 0, hiddenDim: sizes?["hidden_dim"]?.integer, experts: experts)
    }

    public func model() throws -> LanguageModel { try LanguageModel(configuration, weights: TensorFile.read(folder + "/base.pth")) }
    public func startingAdapter() throws -> StateDictionary { try TensorFile.read(folder + "/lora_init.pth") }

    public func floats(_ name: String) throws -> [Float] {
        guard let tensor = io[name] else { throw TensorFileError.notATensorFile("no '\(name)' in the golden case") }
        return try tensor.floats()
    }

    /// Numbers under a path of keys in `expected.json`.
    public func numbers(_ keys: String...) -> [Double] {
        var value: JSON? = expected
        for key in keys { value = value?[key] }
        return value?.array?.compactMap(\.number) ?? []
    }

    /// A batch of three rows of 24 tokens, padded as the case has them.
    public struct Rows {
        public let tokens: [Int32]
        public let targets: [Int32]
        public let counted: [Int32]
        public let offsets: [Int]

        public var row: TokenRow { TokenRow(packed: tokens, segmentOffsets: offsets) }

        public var predictions: [LanguageModel.Prediction] {
            counted.map { LanguageModel.Prediction(row: $0, target: targets[Int($0)]) }
        }
    }

    public func batches() throws -> [Rows] {
        guard let shape = io["X"]?.shape, let x = try io["X"]?.integers(), let y = try io["Y"]?.integers() else { return [] }
        let mask = try floats("M")
        let (rows, length) = (shape[1], shape[2])
        return (0..<shape[0]).map { batch in
            let range = batch * rows * length..<(batch + 1) * rows * length
            return Rows(
                tokens: x[range].map(Int32.init), targets: y[range].map(Int32.init),
                counted: mask[range].enumerated().filter { $0.element == 1 }.map { Int32($0.offset) },
                offsets: (0...rows).map { $0 * length })
        }
    }
}

/// The largest distance of two lists of numbers; infinite where their lengths differ or a number is
/// not one.
public func largestDifference(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).reduce(0) { worst, pair in
        let difference = abs(pair.0 - pair.1)
        return difference <= worst ? worst : difference.isNaN ? .infinity : difference
    }
}

/// The norm of the difference over the norm of the expectation.
public func relativeError(_ values: some Collection<Float>, _ expected: some Collection<Float>) -> Double {
    guard values.count == expected.count else { return .infinity }
    let difference = zip(values, expected).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    let size = expected.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (difference / max(size, .leastNormalMagnitude)).squareRoot()
}
