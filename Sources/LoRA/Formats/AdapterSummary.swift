import Model
import Tensor

/// What an adapter's file holds, as far as it says without its model.
public struct AdapterSummary: Sendable {
    /// The update of one linear layer.
    public struct Module: Sendable, Equatable {
        /// What the file calls the layer.
        public let name: String
        /// The inner width.
        public let rank: Int
        /// The widths of the layer. Those of a GGUF's experts are one expert's.
        public let input, output: Int
        /// Whether it has DoRA's magnitude.
        public let hasMagnitude: Bool
        /// The factor before `B A`; `nil` where the file does not say it.
        public let scale: Float?
    }

    /// The kind of file.
    public let format: AdapterFormat
    /// The adapted layers, in the file's order.
    public let modules: [Module]
    /// The parameters that are trained whole, as the file calls them.
    public let wholeParameters: [String]
    /// How many tokens have rows that are trained apart from the others.
    public let trainedTokenCount: Int
    /// How many tokens its embedding, its output projection, and the rows of its tokens are for; `nil` where it has none of them.
    package let vocabularySize: Int?
    /// The types that its values have, in the order in which they come.
    public let elementTypes: [ElementType]
    /// The number of values in all of it.
    public let parameterCount: Int
    /// Whether scales are `alpha / √rank` (Kalajdzievski 2023).
    public let usesRankStabilizedScale: Bool
    /// The share of an adapter's input that training leaves out.
    public let dropout: Float
    /// What was taken off the base when the training started.
    public let start: AdapterStart
    /// What the file calls the base.
    public let baseName: String?
    /// llama.cpp's word for the kind of model, of a GGUF.
    public let architecture: String?
    /// What the file says of where the adapter comes from.
    public let provenance: JSONObject?
    /// What the file holds, under its own names.
    package let tensors: StateDictionary

    init(_ contents: AdapterContents) {
        format = contents.format
        modules = contents.modules.map {
            Module(
                name: $0.name, rank: $0.rank, input: $0.a.shape.last ?? 0, output: $0.b.shape.dropLast().last ?? 0,
                hasMagnitude: $0.magnitude != nil, scale: $0.scale)
        }
        let trained = contents.parameters.filter(\.isTrained)
        wholeParameters = trained.map(\.name)
        let owned = contents.parameters.filter { $0.place?.isOfVocabulary ?? false }.compactMap(\.values.shape.first)
        let adapted = contents.modules.filter { $0.place?.isOfVocabulary ?? false }.compactMap(\.b.shape.first)
        vocabularySize = (owned + adapted + contents.rows.flatMap(\.tokens).map { Int($0) + 1 }).max()
        trainedTokenCount = Set(contents.rows.flatMap(\.tokens)).count
        let factors =
            contents.modules.flatMap { [$0.a, $0.b] + ($0.magnitude.map { [$0] } ?? []) } + contents.rows.map(\.values)
            + trained.map(\.values)
        elementTypes = factors.reduce(into: []) { if !$0.contains($1.elementType) { $0.append($1.elementType) } }
        parameterCount = factors.reduce(0) { $0 + $1.count }
        usesRankStabilizedScale = contents.usesRankStabilizedScale
        dropout = contents.dropout
        start = contents.start
        baseName = contents.baseName
        architecture = contents.architecture
        provenance = contents.provenance
        tensors = contents.tensors
    }

    /// The ranks of the modules, each once, ascending.
    public var ranks: [Int] { Set(modules.map(\.rank)).sorted() }

    /// The scales of the modules that have one, each once, ascending.
    public var scales: [Float] { Set(modules.compactMap(\.scale)).sorted() }

    /// Whether any layer has a magnitude (DoRA, Liu et al. 2024).
    public var usesDoRA: Bool { modules.contains(where: \.hasMagnitude) }
}

extension AdapterSummary: CustomStringConvertible {
    /// A line for a person.
    public var description: String {
        func list(_ values: [some CustomStringConvertible]) -> String { values.map(\.description).joined(separator: ", ") }
        var parts = [
            format.rawValue, "\(modules.count) modules", "rank \(list(ranks))", scales.isEmpty ? "no scale" : "scale \(list(scales))",
            list(elementTypes.map(\.rawValue)), "\(parameterCount) parameters",
        ]
        if !wholeParameters.isEmpty { parts.append("\(wholeParameters.count) trained whole") }
        if trainedTokenCount > 0 { parts.append("rows of \(trainedTokenCount) tokens") }
        if usesDoRA { parts.append("DoRA") }
        if usesRankStabilizedScale { parts.append("rank-stabilised") }
        if start != .standard { parts.append("for the rest of a base that \(start.rawValue) took a part of") }
        if let baseName { parts.append("for \(baseName)") }
        return parts.joined(separator: ", ")
    }
}
