/// A part of a source's samples in the order of the source, or all of them. No memory grows with it.
public struct Subset<Source: SampleSource>: SampleSource {
    /// What the samples are taken of.
    public let source: Source
    private let part: Part

    private enum Part {
        case all
        case heldOut(HoldOut)
        case kept(HoldOut)
    }

    private init(_ source: Source, _ part: Part) {
        self.source = source
        self.part = part
    }

    /// All samples.
    public static func all(of source: Source) -> Self { Self(source, .all) }

    /// Those that are held out.
    /// - Precondition: The choice is of as many samples as there are, here and below.
    public static func heldOut(_ choice: HoldOut, of source: Source) -> Self {
        precondition(choice.count == source.count, "a choice of other samples")
        return Self(source, .heldOut(choice))
    }

    /// Those that are not held out.
    public static func kept(_ choice: HoldOut, of source: Source) -> Self {
        precondition(choice.count == source.count, "a choice of other samples")
        return Self(source, .kept(choice))
    }

    public var count: Int {
        switch part {
        case .all: source.count
        case .heldOut(let choice): choice.heldOutCount
        case .kept(let choice): choice.keptCount
        }
    }

    /// The place in the source of a sample of this part.
    /// - Precondition: `index` is in `0 ..< count`.
    public func sourceIndex(of index: Int) -> Int {
        switch part {
        case .all: index
        case .heldOut(let choice): choice.heldOut(at: index)
        case .kept(let choice): choice.kept(at: index)
        }
    }

    /// Whether a sample of the source is in this part.
    public func contains(sourceIndex index: Int) -> Bool {
        switch part {
        case .all: true
        case .heldOut(let choice): choice.isHeldOut(index)
        case .kept(let choice): !choice.isHeldOut(index)
        }
    }

    public func sample(at index: Int) throws -> Sample { try source.sample(at: sourceIndex(of: index)) }
}

extension Subset where Source == SFTDataset {
    /// The lengths of this part's samples and what counts in them, as `SFTDataset.statistics`; samples are named by their
    /// places in the dataset.
    ///
    /// - Throws: As of `SFTDataset.statistics`.
    public func statistics() throws(DatasetError) -> DatasetStatistics {
        try source.statistics(where: contains(sourceIndex:))
    }
}
