/// Which part of the samples a process takes, of several that train together.
///
/// As PyTorch's `DistributedSampler` does it, process `rank` takes the positions `rank`, `rank + count`,
/// `rank + 2 · count`, … of an epoch's order, shuffled or not. So the samples of a step are the same for any number of
/// processes whose batches together have the same size.
public struct Shard: Sendable, Equatable {
    /// The number of this process, from 0 on.
    public let rank: Int
    /// How many processes there are.
    public let count: Int

    /// All samples, for a process alone.
    public static let whole = Shard(rank: 0, count: 1)

    /// The part of one of several processes.
    ///
    /// - Precondition: `rank` is in `0 ..< count`, and `count` no more than a million.
    public init(rank: Int, count: Int) {
        precondition((1...1_000_000).contains(count), "there are from one to a million processes")
        precondition((0..<count).contains(rank), "a rank is the number of a process")
        self.rank = rank
        self.count = count
    }

    /// What stands in the places that the samples do not fill, so that all shards have the same number of places.
    public enum Fill: Sendable, Equatable {
        /// The first samples of the order again, as `DistributedSampler` has it.
        case repeated
        /// Nothing: the last batches of a shard may have fewer samples or none.
        case empty
    }

    /// How many places each shard has: the same for all.
    func places(of samples: Int) -> Int { samples / count + (samples.isMultiple(of: count) ? 0 : 1) }

    /// The position in the epoch's order that a place of this shard stands for; nil where it stays empty.
    func position(_ place: Int, of samples: Int, fill: Fill) -> Int? {
        let position = rank + place * count
        if position < samples { return position }
        return fill == .repeated ? position % samples : nil
    }
}
