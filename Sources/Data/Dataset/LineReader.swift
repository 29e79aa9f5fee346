/// Reads records of a `LineFile`: finds each in its block. One thread at a time may use a reader.
///
/// The block that was read last is kept, so that records that are asked for in their order cost one pass over the file.
struct LineReader {
    /// A line that is not blank.
    struct Line {
        /// Counted from 1, as an editor does: blank lines count, and "\n" and "\r\n" end a line.
        let number: Int
        /// Without the newline.
        let bytes: [UInt8]
    }

    private let file: LineFile
    /// The block at hand; -1 before the first.
    private var block = -1
    private var buffer: [UInt8] = []
    /// The line at hand: where in the buffer it begins, nil behind the block's last; its number; and which record it
    /// is if it is one.
    private var start: Int?
    private var number = 0
    private var record = 0

    init(_ file: LineFile) { self.file = file }

    /// The line of a record.
    ///
    /// - Throws: `badLine` for one that is too long; `changed` where the file no longer is what it was.
    /// - Precondition: `record` is in `0 ..< file.count`.
    mutating func line(of record: Int) throws(DatasetError) -> Line {
        let start = try find(record)
        guard let end = newline(from: start) else { return try longLine(from: start, record) }
        return Line(number: number, bytes: Array(buffer[start..<end]))
    }

    /// The number of a record's line. Where the file can no longer be read, what it would be without blank lines in
    /// the block.
    mutating func number(of record: Int) -> Int {
        do throws(DatasetError) {
            _ = try find(record)
            return number
        } catch {
            return presumedNumber(of: record)
        }
    }

    private func presumedNumber(of record: Int) -> Int {
        let block = file.index.block(of: record)
        return file.index.firstLine(of: block) + record - file.index.records(in: block).lowerBound
    }

    private func newline(from start: Int) -> Int? {
        buffer.withUnsafeBytes { LineIndex.newline(in: $0, from: start) }
    }

    private func isBlank(_ range: Range<Int>) -> Bool {
        buffer.withUnsafeBytes { LineIndex.isBlank(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Makes a record's line the one at hand, and gives its place in the buffer.
    private mutating func find(_ wanted: Int) throws(DatasetError) -> Int {
        let wantedBlock = file.index.block(of: wanted)
        if wantedBlock != block {
            let offset = wantedBlock * LineIndex.blockSize
            block = -1
            buffer = try file.read(min(LineIndex.blockSize, file.size - offset), at: offset)
            block = wantedBlock
            rewind()
        } else if wanted < record {
            rewind()
        }
        let end = file.index.records(in: block).upperBound
        while let start {
            let newline = newline(from: start)
            // A line that goes on behind the block may have its words there; the index knows.
            let isRecord = !isBlank(start..<(newline ?? buffer.count)) || newline == nil && record < end
            if isRecord, record == wanted { return start }
            if isRecord { record += 1 }
            self.start = newline.map { $0 + 1 }
            number += 1
        }
        throw .changed(path: file.path, line: presumedNumber(of: wanted))
    }

    /// Goes to the first line of the block.
    private mutating func rewind() {
        start = block == 0 ? min(file.index.start, buffer.count) : newline(from: 0).map { $0 + 1 }
        number = file.index.firstLine(of: block)
        record = file.index.records(in: block).lowerBound
    }

    /// The line at hand, which goes on behind the block.
    private func longLine(from start: Int, _ record: Int) throws(DatasetError) -> Line {
        var bytes = Array(buffer[start...])
        var offset = block * LineIndex.blockSize + buffer.count
        var isWhole = false
        while !isWhole, offset < file.size, bytes.count <= LineFile.lengthLimit {
            // Ever larger pieces, up to the byte that would make the line too long.
            let wanted = min(
                max(LineIndex.blockSize, bytes.count), file.size - offset, LineFile.lengthLimit + 1 - bytes.count)
            let piece = try file.read(wanted, at: offset)
            let end = piece.withUnsafeBytes { LineIndex.newline(in: $0, from: 0) }
            bytes += piece[..<(end ?? piece.count)]
            isWhole = end != nil
            guard isWhole || piece.count == wanted else { throw .changed(path: file.path, line: number) }
            offset += piece.count
        }
        guard bytes.count <= LineFile.lengthLimit else {
            throw .badLine(
                path: file.path, line: number,
                reason:
                    "longer than \(LineFile.lengthLimit >> 20) MiB; a data file has one conversation a line (JSONL)")
        }
        guard !bytes.withUnsafeBytes(LineIndex.isBlank) else { throw .changed(path: file.path, line: number) }
        return Line(number: number, bytes: bytes)
    }
}
