import Tensor

/// Which samples are held out of training, to measure it by.
///
/// The samples are cut into as many runs of neighbours as are held out, their lengths differing by one at the most, and a
/// seed chooses one of each run. So those held out come from everywhere in the file, both parts keep its order, and
/// nothing is kept for each sample: any place of either part is computed at once.
public struct HoldOut: Sendable, Equatable {
    /// How many samples there are in all.
    public let count: Int
    /// How many of them are held out.
    public let heldOutCount: Int
    /// How many are left.
    public var keptCount: Int { count - heldOutCount }

    private let seed: UInt64
    /// The length of a run, and how many runs, the first ones, have one sample more.
    private let length: Int
    private let longerRuns: Int

    /// Keeps the choice apart from whatever else the same seed serves.
    private static let purpose: UInt64 = 0x686F_6C64_2D6F_7574

    /// - Parameters:
    ///   - share: of the samples, rounded to a whole number of them; from 0 to 1
    ///   - seed: the same seed chooses the same samples on every platform
    public init(_ share: Double, of count: Int, seed: UInt64) {
        precondition(count >= 0 && share >= 0 && share <= 1, "a share of samples is from 0 to 1")
        self.count = count
        self.seed = seed
        heldOutCount = Int((share * Double(count)).rounded())
        length = heldOutCount == 0 ? count : count / heldOutCount
        longerRuns = heldOutCount == 0 ? 0 : count % heldOutCount
    }

    /// The sample at a place among those held out.
    /// - Precondition: `place` is in `0 ..< heldOutCount`.
    public func heldOut(at place: Int) -> Int {
        precondition(place >= 0 && place < heldOutCount, "the place is not among those held out")
        return start(place) + chosen(place)
    }

    /// The sample at a place among those that are left.
    /// - Precondition: `place` is in `0 ..< keptCount`.
    public func kept(at place: Int) -> Int {
        precondition(place >= 0 && place < keptCount, "the place is not among those kept")
        guard heldOutCount > 0 else { return place }
        // A run has one sample less than its length to keep.
        let longer = longerRuns * length
        let (run, offset) =
            place < longer
            ? place.quotientAndRemainder(dividingBy: length)
            : { (longerRuns + $0.quotient, $0.remainder) }((place - longer).quotientAndRemainder(dividingBy: length - 1))
        return start(run) + offset + (offset >= chosen(run) ? 1 : 0)
    }

    /// Whether a sample is held out.
    /// - Precondition: `sample` is in `0 ..< count`.
    public func isHeldOut(_ sample: Int) -> Bool {
        guard heldOutCount > 0 else { return false }
        let longer = longerRuns * (length + 1)
        let run = sample < longer ? sample / (length + 1) : longerRuns + (sample - longer) / length
        return sample == heldOut(at: run)
    }

    /// The first sample of a run.
    private func start(_ run: Int) -> Int { run * length + min(run, longerRuns) }

    /// The place in a run that is held out.
    private func chosen(_ run: Int) -> Int {
        var generator = RandomGenerator(seed: RandomGenerator.seed(seed, [Self.purpose, UInt64(run)]))
        return Int(generator.next(below: UInt64(length + (run < longerRuns ? 1 : 0))))
    }
}
