import Tensor

/// The samples of an epoch in their order, of which any can be asked for at once: nothing is kept for each sample.
///
/// A shuffled order of few samples is a list, drawn by Fisher and Yates. That of many is computed: a Feistel network
/// (Luby and Rackoff 1988) is a permutation of the numbers of an even count of bits; a number that is no sample is put
/// through it again until it is one (cycle walking, Black and Rogaway 2002), less than four times on average. With few
/// bits a network makes only few of all permutations; that is why the list is there.
public struct SamplePermutation: RandomAccessCollection, Sendable {
    /// Up to this many samples the order is a list.
    static let listLimit = 4096
    /// Twice as many as make a network hard to tell from a random permutation (Luby and Rackoff): halves are small here.
    private static let rounds = 8

    /// How many samples there are.
    public let count: Int
    private let form: Form

    private enum Form: Sendable {
        case sequential
        case list([UInt16])
        case network(keys: [UInt64], halfBits: UInt64)
    }

    /// The order of an epoch.
    ///
    /// - Parameters:
    ///   - count: How many samples there are; not negative.
    ///   - epoch: Counted from 0.
    public init(count: Int, epoch: Int, order: SampleOrder) {
        self.init(count: count, epoch: epoch, order: order, listLimit: Self.listLimit)
    }

    init(count: Int, epoch: Int, order: SampleOrder, listLimit: Int) {
        precondition(count >= 0, "there cannot be fewer samples than none")
        self.count = count
        guard case .shuffled(let seed) = order else {
            form = .sequential
            return
        }
        // The seed is mixed before the epoch is added, so that epoch 1 of seed 7 is not epoch 0 of seed 8.
        var mixer = RandomGenerator(seed: seed)
        var generator = RandomGenerator(seed: mixer.next() &+ UInt64(truncatingIfNeeded: epoch))
        if count <= listLimit {
            var list = (0..<count).map { UInt16($0) }
            // From the end. Written out: the standard library may change how it shuffles.
            for last in stride(from: count - 1, to: 0, by: -1) {
                list.swapAt(last, Int(generator.next(below: UInt64(last + 1))))
            }
            form = .list(list)
        } else {
            let bits = Int.bitWidth - (count - 1).leadingZeroBitCount
            form = .network(
                keys: (0..<Self.rounds).map { _ in generator.next() }, halfBits: UInt64(Swift.max(1, (bits + 1) / 2)))
        }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { count }

    /// The sample at a position of the epoch, in constant time.
    /// - Precondition: `position` is in `0 ..< count`.
    public subscript(position: Int) -> Int {
        precondition(position >= 0 && position < count, "the position is not in the epoch")
        switch form {
        case .sequential: return position
        case .list(let list): return Int(list[position])
        case .network(let keys, let halfBits):
            let mask = (UInt64(1) << halfBits) - 1
            var number = UInt64(position)
            repeat {
                var (left, right) = (number >> halfBits, number & mask)
                for key in keys {
                    var generator = RandomGenerator(seed: key &+ right)
                    (left, right) = (right, left ^ generator.next() & mask)
                }
                number = left << halfBits | right
            } while number >= UInt64(count)
            return Int(number)
        }
    }
}
