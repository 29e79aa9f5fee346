import Tensor

/// Conversations to fine-tune on, from a JSONL file: one `{"conversations": [{"role": …, "content": …}, …]}` a line.
///
/// Opening a dataset finds the lines of the file and, unless it is streamed, checks the JSON of every line, so that a
/// bad line 9,000 is named at once and not after an hour. Rendering and tokenizing happen when a sample is asked for,
/// on the thread that asks: cheap beside a training step, and the loader's workers do it ahead of time. A dataset may
/// be used from any thread. Its file may be deleted meanwhile, but not changed.
public struct SFTDataset: SampleSource {
    /// The file that the samples come from.
    public let path: String
    /// The longest sample; longer conversations are cut.
    public let maxSequenceLength: Int
    /// Which tokens of a sample count.
    public let lossMaskRule: LossMaskRule
    /// What fills up a row: the tokenizer's pad token, else its eos token, else 0.
    public let padID: Int32

    /// When records are looked at.
    public let access: RecordAccess
    /// What happens at a record that is no conversation.
    public let onBadRecord: BadRecordPolicy

    let tokenizer: Tokenizer
    let file: LineFile
    /// Nil where the file is streamed.
    let measures: Measures?
    let skips = SkipList()
    let vocabularyLimit = VocabularyLimit()
    private let template: ChatTemplate

    /// Opens a data file.
    ///
    /// - Parameters:
    ///   - path: The JSONL file. A byte order mark, CRLF, blank lines and a missing last newline are accepted.
    ///   - tokenizer: Its chat template writes the conversations.
    ///   - maxSequenceLength: The longest sample, at least 2.
    ///   - lossMaskRule: Which tokens count; nil finds out with `LossMaskRule.detect`.
    ///   - access: When records are looked at: all now, or each when it is asked for.
    ///   - onBadRecord: What happens at a record that is no conversation. Where such records are skipped, a file without
    ///     any other is an error still: at once with checked access, and when streaming as soon as 1000 records
    ///     (or as many as there are) were asked for and all are bad.
    /// - Throws: The first line that is no record of a conversation, with the reason, where lines are checked and not
    ///   skipped; a file that cannot be read; a tokenizer without a usable chat template.
    public init(
        path: String, tokenizer: Tokenizer, maxSequenceLength: Int, lossMaskRule: LossMaskRule? = nil,
        access: RecordAccess = .checked, onBadRecord: BadRecordPolicy = .stop
    ) throws(DatasetError) {
        guard maxSequenceLength >= 2 else { throw .sequenceTooShort(length: maxSequenceLength) }
        guard let source = tokenizer.chatTemplate else {
            throw .noTemplate(reason: "the tokenizer has no chat template")
        }
        do {
            template = try ChatTemplate(source: source, toolSource: tokenizer.toolTemplate)
        } catch {
            throw .noTemplate(reason: error.description)
        }
        self.path = path
        self.tokenizer = tokenizer
        self.maxSequenceLength = maxSequenceLength
        padID = tokenizer.padID ?? tokenizer.eosID ?? 0
        if let lossMaskRule {
            self.lossMaskRule = lossMaskRule
        } else {
            self.lossMaskRule = try .detect(tokenizer: tokenizer, template: template)
        }
        self.access = access
        self.onBadRecord = onBadRecord
        file = try LineFile(path: path)
        guard file.count > 0 else { throw .empty(path: path) }
        try DataFileKind.check(file)
        measures = access == .checked ? Measures(count: file.count) : nil
        if access == .checked { try checkRecords() }
    }

    /// Looks at every record.
    private func checkRecords() throws(DatasetError) {
        try file.forEachRecord { index, reader throws(DatasetError) in
            do throws(DatasetError) {
                _ = try conversation(at: index, with: &reader)
            } catch {
                try remember(error, at: index)
            }
        }
        if skips.skipped.count == count { throw nothingUsable(records: count) }
    }

    /// How many samples there are; bad records keep their places.
    public var count: Int { file.count }

    /// The line of the file that a sample stands in, counted from 1. Reads in the file; where that fails, it is the
    /// number that the line has unless blank lines stand close before it.
    /// - Precondition: `index` is in `0 ..< count`, here and below.
    public func line(of index: Int) -> Int {
        var reader = LineReader(file)
        return reader.number(of: index)
    }

    /// A sample: rendered, tokenized, cut and masked. Where bad records are skipped, one is `Sample.badRecord`.
    /// - Throws: What is wrong with the record, where bad ones are not skipped; that all records are bad, where they are;
    ///   that the file was changed or cannot be read.
    public subscript(index: Int) -> Sample {
        get throws(DatasetError) {
            var reader = LineReader(file)
            return try sample(at: index, with: &reader)
        }
    }

    /// The same as the subscript, as a source of a loader.
    /// - Throws: As the subscript.
    public func sample(at index: Int) throws -> Sample { try self[index] }

    /// The turns of a sample's conversation.
    /// - Throws: What is wrong with the record, also where bad ones are skipped.
    public func conversation(at index: Int) throws(DatasetError) -> Conversation {
        var reader = LineReader(file)
        return try conversation(at: index, with: &reader)
    }

    /// The text that the chat template makes of a sample's conversation, uncut.
    /// - Throws: What is wrong with the record, also where bad ones are skipped.
    public func prompt(at index: Int) throws(DatasetError) -> String {
        var reader = LineReader(file)
        return try prompt(at: index, with: &reader)
    }

    func sample(at index: Int, with reader: inout LineReader) throws(DatasetError) -> Sample {
        let sample: Sample
        do throws(DatasetError) {
            let ids = tokenizer.encode(try prompt(at: index, with: &reader))
            sample = lossMaskRule.sample(ids, maxSequenceLength: maxSequenceLength, padID: padID)
            skips.noteGoodSample()
        } catch {
            try remember(error, at: index)
            try expectGoodSamples()
            sample = .badRecord
        }
        let vocabularySize = vocabularyLimit.value.load(ordering: .relaxed)
        if vocabularySize != .max { try check(sample, at: index, with: &reader, vocabularySize: vocabularySize) }
        measures?.remember(sample, at: index)
        return sample
    }

    private func prompt(at index: Int, with reader: inout LineReader) throws(DatasetError) -> String {
        let conversation = try conversation(at: index, with: &reader)
        do {
            return try template.render(
                messages: conversation.messages, tools: conversation.tools, specialTokens: tokenizer.specialTokens)
        } catch {
            throw .notRendered(path: path, line: reader.number(of: index), error)
        }
    }

    private func conversation(at index: Int, with reader: inout LineReader) throws(DatasetError) -> Conversation {
        let line = try reader.line(of: index)
        do {
            return try RecordReader.conversation(of: line.bytes)
        } catch {
            throw .badLine(path: path, line: line.number, reason: error.reason)
        }
    }
}

// MARK: - Bad records

extension SFTDataset {
    /// A run that this one goes on from has met a sample that is good, so that a file that is streamed is not taken for bad.
    package func noteGoodSample() { skips.noteGoodSample() }

    /// Remembers a record that is skipped.
    /// - Throws: The error, where it is not the record's fault or bad records are not skipped.
    private func remember(_ error: DatasetError, at index: Int) throws(DatasetError) {
        guard onBadRecord == .skip, let (line, reason) = error.badRecord else { throw error }
        skips.add(index, line: line, reason: reason)
    }

    /// Throws where a bad sample lets no good one be hoped for: all records are bad, or, since a file that is streamed
    /// was not looked through, so many that others are unlikely.
    private func expectGoodSamples() throws(DatasetError) {
        if skips.hasGoodSample { return }
        let bad = skips.skipped.count
        if bad >= (access == .streaming ? min(count, SkipList.patience) : count) { throw nothingUsable(records: bad) }
    }

    private func nothingUsable(records: Int) -> DatasetError {
        let first = skips.skipped.records.first
        return .nothingUsable(path: path, records: records, line: first?.line ?? 1, reason: first?.reason ?? "")
    }
}
