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
    /// Makes samples of the records.
    public let encoder: ConversationEncoder
    /// The longest sample; longer conversations are cut.
    public var maxSequenceLength: Int { encoder.maximumLength }
    /// How the tokens that count are found.
    public var lossMaskRule: LossMaskRule { encoder.rule }
    /// What fills up a row: the tokenizer's pad token, else its eos token, else 0.
    public var padID: Int32 { encoder.padID }

    /// When records are looked at.
    public let access: RecordAccess
    /// What happens at a record that is no conversation.
    public let onBadRecord: BadRecordPolicy

    var tokenizer: Tokenizer { encoder.format.tokenizer }
    let file: LineFile
    /// Nil where the file is streamed.
    let measures: Measures?
    let skips = SkipList()
    let vocabularyLimit = VocabularyLimit()

    /// Opens a data file.
    ///
    /// - Parameters:
    ///   - path: The JSONL file. A byte order mark, CRLF, blank lines and a missing last newline are accepted.
    ///   - tokenizer: Its chat template writes the conversations.
    ///   - maxSequenceLength: The longest sample, at least 2.
    ///   - lossMaskRule: How the tokens that count are found; nil finds out with `LossMaskRule.detect`.
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
        try self.init(
            path: path,
            encoder: ConversationEncoder(try ChatFormat(tokenizer), maximumLength: maxSequenceLength, rule: lossMaskRule),
            access: access, onBadRecord: onBadRecord)
    }

    /// Opens a data file.
    ///
    /// - Parameters:
    ///   - path: As above, and likewise the rest.
    ///   - encoder: Writes the conversations, and says what counts in them.
    /// - Throws: As above.
    public init(
        path: String, encoder: ConversationEncoder, access: RecordAccess = .checked, onBadRecord: BadRecordPolicy = .stop
    ) throws(DatasetError) {
        guard encoder.maximumLength >= 2 else { throw .sequenceTooShort(length: encoder.maximumLength) }
        self.path = path
        self.encoder = encoder
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
            let conversation = try conversation(at: index, with: &reader)
            sample = try rendering(at: index, with: &reader) { () throws(ConversationError) in
                try encoder.sample(conversation, at: index)
            }
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
        return try rendering(at: index, with: &reader) { () throws(ConversationError) in
            try ConversationError.catching { () throws(TemplateError) in try encoder.format.render(conversation) }
        }
    }

    /// Adds to what the template refuses, or the tokenizer, where it stands.
    private func rendering<Result>(
        at index: Int, with reader: inout LineReader, _ body: () throws(ConversationError) -> Result
    ) throws(DatasetError) -> Result {
        do throws(ConversationError) {
            return try body()
        } catch {
            switch error {
            case .template(let error): throw .notRendered(path: path, line: reader.number(of: index), error)
            case .tokenizer(let error): throw .notEncoded(path: path, line: reader.number(of: index), error)
            }
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
