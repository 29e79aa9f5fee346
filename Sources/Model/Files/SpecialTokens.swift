/// The ids of tokens by which a text begins and ends, as a model's configuration carries them.
public struct SpecialTokens: Sendable, Equatable {
    public var beginning: Int?
    /// Each of these ends an answer.
    public var ends: [Int]
    public var padding: Int?

    public init(beginning: Int? = nil, ends: [Int] = [], padding: Int? = nil) {
        self.beginning = beginning
        self.ends = ends
        self.padding = padding
    }

    /// Those of MiniMind's published tokenizers.
    public static let minimind = SpecialTokens(beginning: 1, ends: [2], padding: 0)
}
