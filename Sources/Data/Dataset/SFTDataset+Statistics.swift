import Synchronization

extension SFTDataset {
    /// The lengths of samples and what counts in them. Tokenizes the file, on all cores; where it is not streamed, only
    /// what was not tokenized before.
    ///
    /// - Parameter isIncluded: whether a sample belongs to those that are wanted
    /// - Throws: What is wrong with the first bad record, where those are not skipped; that the file was changed or
    ///   cannot be read.
    public func statistics(
        where isIncluded: @Sendable (_ index: Int) -> Bool = { _ in true }
    ) throws(DatasetError) -> DatasetStatistics {
        guard let measures else { return try streamedStatistics(where: isIncluded) }
        try file.forEachRecord { index, reader throws(DatasetError) in
            if measures[index] == nil, isIncluded(index) { _ = try sample(at: index, with: &reader) }
        }
        var statistics = DatasetStatistics()
        for index in 0..<count where isIncluded(index) {
            if let measure = measures[index] { statistics.add(measure, at: index) }
        }
        return statistics
    }

    /// The same without anything that grows with the file.
    private func streamedStatistics(where isIncluded: @Sendable (Int) -> Bool) throws(DatasetError) -> DatasetStatistics {
        let shared = Mutex(DatasetStatistics())
        let limit = DatasetStatistics.placeLimit
        try file.forEachRecord { index, reader throws(DatasetError) in
            guard isIncluded(index) else { return }
            let measure = SampleMeasure(try sample(at: index, with: &reader))
            shared.withLock { statistics in
                statistics.add(measure, at: index)
                if max(statistics.samplesWithoutCountedTokens.count, statistics.samplesWithLostTurns.count) >= 2 * limit {
                    statistics.sortPlaces(limit: limit)
                }
            }
        }
        return shared.withLock { statistics in
            statistics.sortPlaces(limit: limit)
            return statistics
        }
    }

    /// The samples without a counted token, of those that were asked for so far: of all after an epoch or after
    /// `statistics()`. They keep their place in a batch and contribute nothing. Where the file is streamed none are
    /// remembered; there, batches have counts.
    public var samplesWithoutCountedTokens: [Int] {
        guard let measures else { return [] }
        return (0..<count).filter { measures[$0].map { $0.counted == 0 && !$0.isBadRecord } ?? false }
    }

    /// The records that were skipped so far: with checked access those that are no conversations from the opening on,
    /// and for the rest those that were asked for.
    public var skippedRecords: SkippedRecords { skips.skipped }

    /// Checks that a model has an embedding for every id of every sample. Where the file is streamed, each sample is
    /// checked when it is asked for, from now on.
    ///
    /// - Parameter size: The number of the model's embeddings.
    /// - Throws: `DatasetError.tokenOutsideVocabulary` for the first sample with such an id.
    public func checkVocabulary(size: Int) throws(DatasetError) {
        // No id is higher than the tokenizer's own highest, unless padding is.
        if tokenizer.vocabularySize <= size, padID < size { return }
        guard access == .checked else { return vocabularyLimit.value.store(size, ordering: .relaxed) }
        try file.forEachRecord { index, reader throws(DatasetError) in
            try check(try sample(at: index, with: &reader), at: index, with: &reader, vocabularySize: size)
        }
    }

    /// Checks that a model has an embedding for every id of a sample.
    func check(
        _ sample: Sample, at index: Int, with reader: inout LineReader, vocabularySize size: Int
    ) throws(DatasetError) {
        guard let id = sample.ids.first(where: { $0 < 0 || Int($0) >= size }) else { return }
        throw .tokenOutsideVocabulary(
            path: path, line: reader.number(of: index), id: id, token: tokenizer.decode([id]), vocabularySize: size)
    }
}

/// The number of embeddings that samples are checked against as they are made. A class, so that copies of a dataset
/// share it.
final class VocabularyLimit: Sendable {
    let value = Atomic(Int.max)
}

/// The measures of all samples, filled in as they are tokenized. A class, so that copies of a dataset share them.
final class Measures: Sendable {
    private let values: Mutex<[SampleMeasure?]>

    init(count: Int) {
        values = Mutex(Array(repeating: nil, count: count))
    }

    subscript(index: Int) -> SampleMeasure? { values.withLock { $0[index] } }

    func remember(_ sample: Sample, at index: Int) {
        let measure = SampleMeasure(sample)
        values.withLock { $0[index] = measure }
    }
}
