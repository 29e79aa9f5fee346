import Foundation
import Synchronization

/// Where the lines of a file are, roughly: how many of them begin before each block of 64 KiB.
///
/// That is 16 bytes a block, 2.4 MB for a file of 10 GB, however short its lines are. A `LineReader` finds a line by
/// going through one block, which takes a hundredth of the time that its words take to become tokens.
///
/// A line belongs to the block with the newline before it, and the first line to the first block. So a block's lines
/// can be told without a look at the block before, though their bytes may all lie behind it.
struct LineIndex: Sendable {
    /// The bytes of a block; the last may have fewer.
    static let blockSize = 64 << 10
    /// How many bytes the file has before its first line: those of a byte order mark.
    let start: Int
    /// How many lines that are not blank belong to the blocks before each block; and to all. [blocks + 1]
    private var recordsBefore: [Int]
    /// How many newlines stand before each block; and in all. [blocks + 1]
    private var newlinesBefore: [Int]

    /// How many lines are not blank.
    var count: Int { recordsBefore[blockCount] }

    var blockCount: Int { recordsBefore.count - 1 }

    /// The block that a record belongs to.
    /// - Precondition: `record` is in `0 ..< count`.
    func block(of record: Int) -> Int {
        var (low, high) = (0, blockCount)
        // The last block that has no more records before it than asked for; blocks without records are passed over.
        while high - low > 1 {
            let middle = (low + high) / 2
            if recordsBefore[middle] <= record { low = middle } else { high = middle }
        }
        return low
    }

    /// The records that belong to a block.
    func records(in block: Int) -> Range<Int> { recordsBefore[block]..<recordsBefore[block + 1] }

    /// The number of the first line that belongs to a block, counted from 1 as an editor does: blank lines count.
    func firstLine(of block: Int) -> Int {
        // A newline ends one line and begins the next.
        block == 0 ? 1 : newlinesBefore[block] + 2
    }

    /// Whether bytes have nothing but blanks, as a line without a record has.
    static func isBlank(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    }
}

// MARK: - How it is made

extension LineIndex {
    /// The bytes that a thread takes at a time: few enough to stay in its cache.
    private static let pieceSize = 16 * blockSize
    /// Reading a file is limited by memory or disk, which more threads do not make faster.
    private static let workerLimit = 4

    /// What a thread finds in a piece. Lines that are not whole in it are put together later.
    private struct Piece {
        /// Of each block: the lines that are not blank, without the piece's last one.
        var records: [Int]
        var newlines: [Int]
        /// Whether the line from before, which goes on or ends here, has nothing but blanks in this piece.
        var continuationIsBlank = true
        /// The block of the piece to which its last line belongs; nil where no line begins in the piece.
        var lastLine: Int?
        var lastLineIsBlank = true
    }

    /// - Parameters:
    ///   - size: How many bytes the file has.
    ///   - path: What errors call it.
    ///   - read: Reads bytes from an offset on, on several threads at once, and says how many there were.
    init(
        size: Int, path: String,
        read: @Sendable (UnsafeMutableRawBufferPointer, _ offset: Int) throws(DatasetError) -> Int
    ) throws(DatasetError) {
        let start = try Self.start(size: size, path: path, read)
        self.start = start
        let blocks = (size + Self.blockSize - 1) / Self.blockSize
        let pieces = (size + Self.pieceSize - 1) / Self.pieceSize
        let state = Mutex(State(blocks: blocks, pieces: pieces))
        let workers = min(pieces, Self.workerLimit, ProcessInfo.processInfo.activeProcessorCount)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(size, Self.pieceSize), alignment: 64)
            defer { buffer.deallocate() }
            while let number = state.withLock({ $0.claim() }) {
                let offset = number * Self.pieceSize
                let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, size - offset)])
                do throws(DatasetError) {
                    guard try read(bytes, offset) == bytes.count else {
                        throw .unreadable(path: path, reason: "it became shorter while it was opened")
                    }
                    let piece = Self.scan(UnsafeRawBufferPointer(bytes), start: offset == 0 ? start : nil)
                    state.withLock { $0.put(piece, number) }
                } catch {
                    return state.withLock { $0.error = $0.error ?? error }
                }
            }
        }
        (recordsBefore, newlinesBefore) = try state.withLock { state throws(DatasetError) in try state.finish() }
    }

    /// How many bytes a byte order mark takes.
    private static func start(
        size: Int, path: String, _ read: (UnsafeMutableRawBufferPointer, Int) throws(DatasetError) -> Int
    ) throws(DatasetError) -> Int {
        var first = [UInt8](repeating: 0, count: min(3, size))
        var failure: DatasetError?
        first.withUnsafeMutableBytes { bytes in
            do throws(DatasetError) { _ = try read(bytes, 0) } catch { failure = error }
        }
        if let failure { throw failure }
        return first == [0xEF, 0xBB, 0xBF] ? 3 : 0
    }

    /// - Parameter start: Where the first line begins, in the first piece of a file.
    private static func scan(_ bytes: UnsafeRawBufferPointer, start: Int?) -> Piece {
        let blocks = (bytes.count + blockSize - 1) / blockSize
        var piece = Piece(records: Array(repeating: 0, count: blocks), newlines: Array(repeating: 0, count: blocks))
        var line = start ?? 0
        /// The block that the line at hand belongs to.
        var block = start == nil ? nil : 0
        while line <= bytes.count {
            let end = newline(in: bytes, from: line)
            let isBlank = isBlank(UnsafeRawBufferPointer(rebasing: bytes[line..<(end ?? bytes.count)]))
            if block == nil { piece.continuationIsBlank = isBlank }
            guard let end else {
                (piece.lastLine, piece.lastLineIsBlank) = (block, isBlank)
                break
            }
            if let block, !isBlank { piece.records[block] += 1 }
            let next = end / blockSize
            piece.newlines[next] += 1
            (line, block) = (end + 1, next)
        }
        return piece
    }

    /// The place of the first newline from a place on.
    static func newline(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress else { return nil }
        return memchr(base + start, 0x0A, bytes.count - start).map { UnsafeRawPointer($0) - base }
    }

    /// What the threads share while they go through the pieces.
    private struct State {
        private var unclaimed: Range<Int>
        private var records: [Int]
        private var newlines: [Int]
        /// What is needed of each piece to put lines together that are in several. 4 bytes a piece.
        private var edges: [Edge]
        var error: DatasetError?

        private struct Edge {
            var continuationIsBlank = true
            var lastLineIsBlank = true
            /// -1 for none.
            var lastLine: Int8 = -1
        }

        init(blocks: Int, pieces: Int) {
            unclaimed = 0..<pieces
            records = Array(repeating: 0, count: blocks + 1)
            newlines = Array(repeating: 0, count: blocks + 1)
            edges = Array(repeating: Edge(), count: pieces)
        }

        /// The next piece; nil after the last or an error.
        mutating func claim() -> Int? { error == nil ? unclaimed.popFirst() : nil }

        mutating func put(_ piece: Piece, _ number: Int) {
            let first = number * pieceSize / blockSize
            for block in piece.records.indices {
                records[first + block] = piece.records[block]
                newlines[first + block] = piece.newlines[block]
            }
            edges[number] = Edge(
                continuationIsBlank: piece.continuationIsBlank, lastLineIsBlank: piece.lastLineIsBlank,
                lastLine: piece.lastLine.map { Int8($0) } ?? -1)
        }

        /// Puts together the lines that are in several pieces, and counts from the front.
        mutating func finish() throws(DatasetError) -> (records: [Int], newlines: [Int]) {
            if let error { throw error }
            var open = (block: 0, isBlank: true)
            for (number, edge) in edges.enumerated() {
                if !edge.continuationIsBlank { open.isBlank = false }
                guard edge.lastLine >= 0 else { continue }
                if !open.isBlank { records[open.block] += 1 }
                open = (number * pieceSize / blockSize + Int(edge.lastLine), edge.lastLineIsBlank)
            }
            if !open.isBlank { records[open.block] += 1 }
            func sumBefore(_ counts: inout [Int]) {
                var sum = 0
                for block in counts.indices {
                    let count = counts[block]
                    counts[block] = sum
                    sum += count
                }
            }
            sumBefore(&records)
            sumBefore(&newlines)
            return (records, newlines)
        }
    }
}
