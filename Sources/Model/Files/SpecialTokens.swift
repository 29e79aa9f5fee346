/// The ids of tokens by which a text begins and ends, as a model's configuration carries them.
public struct SpecialTokens: Sendable, Equatable {
    /// The token that a text begins with.
    public var beginning: Int?
    /// Each of these ends an answer.
    public var ends: [Int]
    /// The token that fills up a row.
    public var padding: Int?

    /// Ids of a vocabulary; those that it has not are `nil` or left out.
    public init(beginning: Int? = nil, ends: [Int] = [], padding: Int? = nil) {
        self.beginning = beginning
        self.ends = ends
        self.padding = padding
    }

    /// Those of MiniMind's published tokenizers.
    public static let minimind = SpecialTokens(beginning: 1, ends: [2], padding: 0)
}
