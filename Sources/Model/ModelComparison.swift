import Tensor

/// How far the scores of two models lie apart on the same tokens.
public struct ModelComparison: Sendable {
    /// The positions at which scores were compared.
    public private(set) var positions = 0
    /// The largest difference of two scores.
    public private(set) var largestDifference: Float = 0
    /// The norm of all differences over the norm of all scores.
    public var relativeError: Double { (differences / max(squares, .leastNormalMagnitude)).squareRoot() }
    /// Positions at which both would write the same next token, by logits that are finite.
    public private(set) var agreements = 0
    /// Positions at which a logit of either is not finite.
    public private(set) var notFinite = 0
    private var differences = 0.0
    private var squares = 0.0

    /// Compares two models on rows of tokens.
    ///
    /// Vocabularies may differ by rows that fill one up: scores are compared of the tokens that both have.
    ///
    /// - Parameters:
    ///   - rows: the tokens of each; by default 4 rows of 64 tokens, the same each time, of the whole vocabulary
    /// - Throws: ``ModelError``
    public init(_ model: LanguageModel, _ other: LanguageModel, rows: [[Int32]]? = nil) throws(ModelError) {
        let vocabulary = min(model.configuration.vocabularySize, other.configuration.vocabularySize)
        for tokens in rows ?? Self.sampleRows(vocabulary) {
            let row = TokenRow(packed: tokens, segmentOffsets: [0, tokens.count])
            let a = try Self.scores(model, row)
            let b = try Self.scores(other, row)
            for position in tokens.indices {
                add(
                    a[position * model.configuration.vocabularySize..<(position + 1) * model.configuration.vocabularySize].prefix(
                        vocabulary),
                    b[position * other.configuration.vocabularySize..<(position + 1) * other.configuration.vocabularySize].prefix(
                        vocabulary))
            }
        }
    }

    private static func scores(_ model: LanguageModel, _ row: TokenRow) throws(ModelError) -> [Float] {
        try ComputeContext.withoutGradient { () throws(ModelError) in model.logits(try model.hiddenStates(row)).values }
    }

    private static func sampleRows(_ vocabulary: Int) -> [[Int32]] {
        var generator = RandomGenerator(seed: 1)
        return (0..<4).map { _ in (0..<64).map { _ in Int32(generator.next(below: UInt64(vocabulary))) } }
    }

    private mutating func add(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) {
        positions += 1
        for (x, y) in zip(a, b) {
            let difference = abs(x - y)
            largestDifference = difference.isNaN ? .infinity : max(largestDifference, difference)
            differences += Double(difference) * Double(difference)
            squares += Double(x) * Double(x)
        }
        guard a.allSatisfy(\.isFinite), b.allSatisfy(\.isFinite) else {
            notFinite += 1
            return
        }
        if Self.best(a) == Self.best(b) { agreements += 1 }
    }

    private static func best(_ scores: ArraySlice<Float>) -> Int {
        (scores.indices.max { scores[$0] < scores[$1] } ?? scores.startIndex) - scores.startIndex
    }

    /// A line for a person.
    public var summary: String {
        "logits differ by \(largestDifference) at the most (relative error \(Float(relativeError))); "
            + "the same next token at \(agreements) of \(positions) positions"
            + (notFinite > 0 ? "; at \(notFinite) the logits are not finite" : "")
    }
}
