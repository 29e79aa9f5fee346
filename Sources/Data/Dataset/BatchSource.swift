/// Something that a trainer takes micro-batches from, epoch by epoch. ``DataLoader`` makes them of conversations.
public protocol BatchSource<Batch> {
    /// What a trainer's objective reads in one pass.
    associatedtype Batch

    /// How many micro-batches each epoch has; in every process as many.
    var batchesPerEpoch: Int { get }

    /// Hands out the micro-batches of an epoch one after the other, `nil` behind the last.
    ///
    /// - Parameters:
    ///   - epoch: counted from 0; the same epoch always has the same batches
    ///   - first: the batch to begin with, where a run resumes
    /// - Returns: what throws where a batch cannot be made
    func batches(ofEpoch epoch: Int, startingAt first: Int) -> () throws -> Batch?
}

extension DataLoader: BatchSource {
    public func batches(ofEpoch epoch: Int, startingAt first: Int) -> () throws -> Batch? {
        let batches = self.epoch(epoch, startingAt: first)
        return { try batches.next() }
    }
}

/// Micro-batches of any kind that are there already.
public struct BatchList<Batch>: BatchSource {
    /// The micro-batches of every epoch.
    public let batches: [Batch]
    /// In which order they come.
    public let order: SampleOrder

    /// Micro-batches that come in their own order, or in another one each epoch.
    public init(_ batches: [Batch], order: SampleOrder = .sequential) {
        self.batches = batches
        self.order = order
    }

    public var batchesPerEpoch: Int { batches.count }

    public func batches(ofEpoch epoch: Int, startingAt first: Int) -> () throws -> Batch? {
        let permutation = order.permutation(count: batches.count, epoch: epoch)
        var next = first
        return {
            guard next < batches.count else { return nil }
            defer { next += 1 }
            return batches[permutation[next]]
        }
    }
}
