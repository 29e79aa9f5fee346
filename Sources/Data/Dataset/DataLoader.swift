/// Makes batches of a dataset's samples, ahead of time on threads of its own.
///
/// Which samples make up which batch depends on the order alone, never on the number of workers or their speed.
///
///     let loader = DataLoader(dataset, batchSize: 16, workers: 1)
///     let batches = loader.epoch(0)
///     while let batch = try batches.next() { … }
public struct DataLoader<Source: SampleSource>: Sendable {
    /// Where the samples come from.
    public let source: Source
    /// How many samples a batch of this process has; the last of an epoch may have fewer.
    public let batchSize: Int
    /// In which order the samples come.
    public let order: SampleOrder
    /// How many threads make batches ahead; 0 makes each when it is asked for. More than 64 are not started.
    public let workers: Int
    /// The length to which samples are filled up, and with what; nil packs them without padding.
    public let padding: (length: Int, padID: Int32)?
    /// Whether what the samples of a batch have in common from their start on is computed once.
    public let sharesPrefixes: Bool
    /// Which of the samples this process takes.
    public let shard: Shard
    /// What stands in a shard's places that the samples do not fill.
    public let fill: Shard.Fill

    /// No machine makes batches faster with more threads than this.
    static var workerLimit: Int { 64 }
    /// How many batches may lie ready for each worker.
    static var prefetchedBatchesPerWorker: Int { 2 }

    /// Batches of a source's samples; by default packed, in order, for a process alone.
    ///
    /// - Precondition: `batchSize` is at least 1 and `workers` at least 0.
    public init(
        _ source: Source, batchSize: Int, order: SampleOrder = .sequential, workers: Int = 0,
        padding: (length: Int, padID: Int32)? = nil, sharesPrefixes: Bool = true,
        shard: Shard = .whole, fill: Shard.Fill = .repeated
    ) {
        precondition(batchSize >= 1, "a batch needs a sample")
        precondition(workers >= 0, "the number of workers cannot be negative")
        self.source = source
        self.batchSize = batchSize
        self.order = order
        self.workers = workers
        self.padding = padding
        self.sharesPrefixes = sharesPrefixes
        self.shard = shard
        self.fill = fill
    }

    /// How many batches an epoch has; the same for all shards.
    public var batchesPerEpoch: Int {
        let places = shard.places(of: source.count)
        return places / batchSize + (places.isMultiple(of: batchSize) ? 0 : 1)
    }

    /// The batches of an epoch, which counts from 0; from the batch `first` on, where a run resumes.
    public func epoch(_ epoch: Int, startingAt first: Int = 0) -> BatchIterator {
        let (source, count, batchSize, padding) = (source, source.count, batchSize, padding)
        let (sharesPrefixes, shard, fill) = (sharesPrefixes, shard, fill)
        let permutation = order.permutation(count: count, epoch: epoch)
        let places = shard.places(of: count)
        return BatchIterator(
            batches: min(max(0, first), batchesPerEpoch)..<batchesPerEpoch, workers: min(workers, Self.workerLimit),
            capacityPerWorker: Self.prefetchedBatchesPerWorker
        ) { number, isCancelled in
            let start = number * batchSize
            var samples: [(index: Int, sample: Sample)] = []
            for place in start..<start + min(batchSize, places - start) {
                guard let position = shard.position(place, of: count, fill: fill) else { continue }
                if isCancelled() { return nil }
                let index = permutation[position]
                samples.append((index, try source.sample(at: index)))
            }
            return Batch(samples, padding: padding, sharesPrefixes: sharesPrefixes)
        }
    }
}
