import Foundation
import Synchronization
import Tensor

/// Conversations to fine-tune on, from a JSONL file: one `{"conversations": [{"role": …, "content": …}, …]}` a line.
///
/// Opening a dataset checks the JSON of every line, so that a bad line 9,000 is named at once and not after an hour.
/// Rendering and tokenizing happen when a sample is asked for, on the thread that asks: cheap beside a training step,
/// and the loader's workers do it ahead of time. A dataset may be used from any thread.
public struct SFTDataset: SampleSource {
    /// The file that the samples come from.
    public let path: String
    /// The longest sample; longer conversations are cut.
    public let maxSequenceLength: Int
    /// Which tokens of a sample count.
    public let lossMaskRule: LossMaskRule
    /// What fills up a row: the tokenizer's pad token, else its eos token, else 0.
    public let padID: Int32

    private let tokenizer: Tokenizer
    private let template: ChatTemplate
    private let file: LineFile
    private let measures: Measures

    /// Opens a data file and checks every line.
    ///
    /// - Parameters:
    ///   - path: The JSONL file. A byte order mark, CRLF, blank lines and a missing last newline are accepted.
    ///   - tokenizer: Its chat template writes the conversations.
    ///   - maxSequenceLength: The longest sample, at least 2.
    ///   - lossMaskRule: Which tokens count; nil finds out with `LossMaskRule.detect`.
    /// - Throws: The first line that is no record of a conversation, with the reason; a file that cannot be read; a
    ///   tokenizer without a usable chat template.
    public init(
        path: String, tokenizer: Tokenizer, maxSequenceLength: Int, lossMaskRule: LossMaskRule? = nil
    ) throws(DatasetError) {
        guard maxSequenceLength >= 2 else { throw .sequenceTooShort(length: maxSequenceLength) }
        guard let source = tokenizer.chatTemplate else {
            throw .noTemplate(reason: "the tokenizer has no chat template")
        }
        do {
            template = try ChatTemplate(source: source)
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
        let opened = try LineFile(path: path)
        guard !opened.lines.isEmpty else { throw .empty(path: path) }
        file = opened
        measures = Measures(count: opened.lines.count)
        try inParallel(count: opened.lines.count) { index throws(DatasetError) in
            _ = try Self.conversation(of: opened, at: index)
        }
    }

    /// How many samples there are.
    public var count: Int { file.lines.count }

    /// The line of the file that a sample stands in, counted from 1.
    /// - Precondition: `index` is in `0 ..< count`, here and below.
    public func line(of index: Int) -> Int { file.lines[index].number }

    /// A sample: rendered, tokenized, cut and masked.
    public subscript(index: Int) -> Sample {
        get throws(DatasetError) {
            let ids = tokenizer.encode(try prompt(at: index))
            let sample = lossMaskRule.sample(ids, maxSequenceLength: maxSequenceLength, padID: padID)
            measures.remember(sample, at: index)
            return sample
        }
    }

    /// The same as the subscript, as a source of a loader.
    public func sample(at index: Int) throws -> Sample { try self[index] }

    /// The turns of a sample's conversation.
    public func conversation(at index: Int) throws(DatasetError) -> Conversation {
        try Self.conversation(of: file, at: index)
    }

    /// The text that the chat template makes of a sample's conversation, uncut.
    public func prompt(at index: Int) throws(DatasetError) -> String {
        let conversation = try conversation(at: index)
        do {
            return try template.render(
                messages: conversation.messages, tools: conversation.tools, bosToken: tokenizer.bosToken,
                eosToken: tokenizer.eosToken)
        } catch {
            throw .notRendered(path: path, line: line(of: index), error)
        }
    }

    private static func conversation(of file: LineFile, at index: Int) throws(DatasetError) -> Conversation {
        let line = file.lines[index]
        let bytes = try file.bytes(of: line)
        let record: JSON
        do {
            record = try JSON(parsing: bytes)
        } catch {
            throw .badLine(path: file.path, line: line.number, reason: brokenJSON(bytes, error))
        }
        do {
            return try Conversation(record: record)
        } catch {
            throw .badLine(path: file.path, line: line.number, reason: error.reason)
        }
    }

    private static func brokenJSON(_ bytes: [UInt8], _ error: JSONError) -> String {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            return "not UTF-8 from column \(validPrefix(bytes) + 1) on; save the file as UTF-8"
        }
        let text = bytes.filter { $0 > 0x20 }
        if text == [UInt8(ascii: "[")] || text == [UInt8(ascii: "{")] {
            return "a record goes over several lines; write each on a line of its own (JSONL)"
        }
        return "broken JSON at column \(error.column): \(error.reason.oneLine); mend or delete the line"
    }

    /// How many bytes from the start are UTF-8.
    private static func validPrefix(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var valid = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { valid += UTF8.width(scalar) }
        return valid
    }
}

// MARK: - What is known of the samples

extension SFTDataset {
    /// The lengths of all samples and what counts in them. Tokenizes the whole file, on all cores.
    public func statistics() throws(DatasetError) -> DatasetStatistics {
        try inParallel(count: count) { index throws(DatasetError) in
            if measures[index] == nil { _ = try self[index] }
        }
        return DatasetStatistics((0..<count).compactMap { measures[$0] })
    }

    /// The samples without a counted token, of those that were asked for so far: of all after an epoch or after
    /// `statistics()`. They keep their place in a batch and contribute nothing.
    public var samplesWithoutCountedTokens: [Int] {
        (0..<count).filter { measures[$0]?.counted == 0 }
    }

    /// Checks that a model has an embedding for every id of every sample.
    ///
    /// - Parameter size: The number of the model's embeddings.
    /// - Throws: `DatasetError.tokenOutsideVocabulary` for the first sample with such an id.
    public func checkVocabulary(size: Int) throws(DatasetError) {
        // No id is higher than the tokenizer's own highest, unless padding is.
        if tokenizer.vocabularySize <= size, padID < size { return }
        try inParallel(count: count) { index throws(DatasetError) in
            guard let id = try self[index].ids.first(where: { $0 < 0 || Int($0) >= size }) else { return }
            throw .tokenOutsideVocabulary(
                path: path, line: line(of: index), id: id, token: tokenizer.decode([id]), vocabularySize: size)
        }
    }
}

/// What is remembered of a sample once it was tokenized.
struct SampleMeasure: Sendable, Equatable {
    let length: Int
    let counted: Int
    let removed: Int
}

/// The measures of all samples, filled in as they are tokenized. A class, so that copies of a dataset share them.
private final class Measures: Sendable {
    private let values: Mutex<[SampleMeasure?]>

    init(count: Int) {
        values = Mutex(Array(repeating: nil, count: count))
    }

    subscript(index: Int) -> SampleMeasure? { values.withLock { $0[index] } }

    func remember(_ sample: Sample, at index: Int) {
        let measure = SampleMeasure(length: sample.ids.count, counted: sample.countedTokens, removed: sample.removed)
        values.withLock { $0[index] = measure }
    }
}

/// Does something for each index on all cores, in stretches of neighbours.
/// - Throws: The error of the lowest index that has one, as a loop from the front would.
private func inParallel(count: Int, _ body: @Sendable (Int) throws(DatasetError) -> Void) throws(DatasetError) {
    let stretch = 256
    let first = Mutex<(index: Int, error: DatasetError)?>(nil)
    DispatchQueue.concurrentPerform(iterations: (count + stretch - 1) / stretch) { iteration in
        for index in iteration * stretch..<min(count, (iteration + 1) * stretch) {
            if first.withLock({ $0.map { $0.index < index } ?? false }) { return }
            do throws(DatasetError) {
                try body(index)
            } catch {
                first.withLock { if $0.map({ index < $0.index }) ?? true { $0 = (index, error) } }
                return
            }
        }
    }
    if let error = first.withLock({ $0?.error }) { throw error }
}
