import CZlib
import Foundation

/// The files of a zip archive (APPNOTE 6.3), read from its central directory: stored and deflated
/// entries, with zip64 extensions, each checked against its checksum.
struct ZipArchive {
    struct Entry {
        let name: String
        fileprivate let method: UInt16
        fileprivate let checksum: UInt32
        fileprivate let packedSize: Int
        fileprivate let size: Int
        fileprivate let headerOffset: Int
        fileprivate let contents: Range<Int>
    }

    let entries: [Entry]
    private let bytes: Foundation.Data

    /// How many times the file's size its deflated entries may grow to in all, and what they may in
    /// any case: weights hardly compress, so more is an attack.
    private static let maximumGrowth = 16
    private static let allowedSize = 64 << 20

    init(_ bytes: Foundation.Data) throws(TensorFileError) {
        self.bytes = bytes
        var directory = try Self.directory(bytes)
        var entries: [Entry] = []
        let end = directory.cursor.offset
        var inflatedSize = 0
        for _ in 0..<directory.count {
            let entry = try Self.entry(&directory.cursor, of: bytes)
            entries.append(entry)
            if entry.method != 0 { inflatedSize += min(entry.size, .max - inflatedSize) }
        }
        guard inflatedSize <= max(Self.maximumGrowth * bytes.count, Self.allowedSize) else {
            throw .malformed(offset: end, "\(bytes.count) bytes claim to unfold to \(inflatedSize)")
        }
        try Self.checkPlaces(of: entries, before: end)
        self.entries = entries
    }

    /// Bytes that serve two entries are how a small archive unfolds to any size, and a name that
    /// stands twice is how two readers see two files in one.
    private static func checkPlaces(of entries: [Entry], before directory: Int) throws(TensorFileError) {
        var end = 0
        for entry in entries.sorted(by: { $0.headerOffset < $1.headerOffset }) {
            guard entry.headerOffset >= end, entry.contents.upperBound <= directory else {
                throw .malformed(offset: entry.headerOffset, "'\(entry.name)' overlaps another part of the archive")
            }
            end = entry.contents.upperBound
        }
        var names: Set<String> = []
        for entry in entries where !names.insert(entry.name).inserted {
            throw .malformed(offset: entry.headerOffset, "the archive holds '\(entry.name)' twice")
        }
    }

    /// Finds the central directory by the record at the end of the file.
    private static func directory(_ bytes: Foundation.Data) throws(TensorFileError) -> (cursor: ByteCursor, count: Int) {
        let least = max(0, bytes.count - 22 - 65535)
        var place = bytes.count - 22
        while place >= least, !matches(bytes, place, 0x0605_4B50) { place -= 1 }
        guard place >= max(least, 0) else { throw .truncated(offset: bytes.count) }
        var end = ByteCursor(bytes, at: place + 10)
        var count = Int(try end.integer(UInt16.self))
        var (size, offset) = (Int(try end.integer(UInt32.self)), Int(try end.integer(UInt32.self)))
        if place >= 20, matches(bytes, place - 20, 0x0706_4B50) {
            var locator = ByteCursor(bytes, at: place - 12)
            let record = try locator.length()
            guard record <= bytes.count - 56, matches(bytes, record, 0x0606_4B50) else {
                throw .malformed(offset: place - 12, "the zip64 directory is missing")
            }
            var end64 = ByteCursor(bytes, at: record + 32)
            (count, size, offset) = (try end64.length(), try end64.length(), try end64.length())
        }
        guard offset <= bytes.count, size <= bytes.count - offset, count <= size / 46 else {
            throw .malformed(offset: place, "the zip directory lies outside the file")
        }
        return (ByteCursor(bytes, at: offset), count)
    }

    private static func matches(_ bytes: Foundation.Data, _ offset: Int, _ signature: UInt32) -> Bool {
        var cursor = ByteCursor(bytes, at: offset)
        return (try? cursor.integer(UInt32.self)) == signature
    }

    private static func entry(_ cursor: inout ByteCursor, of bytes: Foundation.Data) throws(TensorFileError) -> Entry {
        let start = cursor.offset
        guard try cursor.integer(UInt32.self) == 0x0201_4B50 else {
            throw .malformed(offset: start, "the zip directory is damaged")
        }
        _ = try cursor.take(4)
        let flags = try cursor.integer(UInt16.self)
        let method = try cursor.integer(UInt16.self)
        _ = try cursor.take(4)
        let checksum = try cursor.integer(UInt32.self)
        var packedSize = Int(try cursor.integer(UInt32.self))
        var size = Int(try cursor.integer(UInt32.self))
        let nameLength = Int(try cursor.integer(UInt16.self))
        let extraLength = Int(try cursor.integer(UInt16.self))
        let commentLength = Int(try cursor.integer(UInt16.self))
        _ = try cursor.take(8)
        var offset = Int(try cursor.integer(UInt32.self))
        let name = String(decoding: try cursor.take(nameLength), as: UTF8.self)
        var extra = ByteCursor(Foundation.Data(try cursor.take(extraLength)))
        _ = try cursor.take(commentLength)
        while extra.remaining >= 4 {
            let id = try extra.integer(UInt16.self)
            var field = ByteCursor(Foundation.Data(try extra.take(Int(try extra.integer(UInt16.self)))))
            guard id == 1 else { continue }
            if size == 0xFFFF_FFFF { size = try field.length() }
            if packedSize == 0xFFFF_FFFF { packedSize = try field.length() }
            if offset == 0xFFFF_FFFF { offset = try field.length() }
        }
        guard flags & 1 == 0 else { throw .unsupported("'\(name)' is encrypted") }
        let contents = try contentsRange(name, headerOffset: offset, packedSize: packedSize, in: bytes)
        return Entry(
            name: name, method: method, checksum: checksum, packedSize: packedSize, size: size, headerOffset: offset,
            contents: contents)
    }

    /// Where an entry's bytes lie, behind a local header whose own lengths count.
    private static func contentsRange(
        _ name: String, headerOffset: Int, packedSize: Int, in bytes: Foundation.Data
    ) throws(TensorFileError) -> Range<Int> {
        var cursor = ByteCursor(bytes, at: headerOffset)
        guard headerOffset <= bytes.count, try cursor.integer(UInt32.self) == 0x0403_4B50 else {
            throw .malformed(offset: headerOffset, "'\(name)' is not where the directory says")
        }
        _ = try cursor.take(22)
        let nameLength = Int(try cursor.integer(UInt16.self))
        let extraLength = Int(try cursor.integer(UInt16.self))
        guard try cursor.take(nameLength).elementsEqual(name.utf8) else {
            throw .malformed(offset: headerOffset, "'\(name)' has another name in its own header")
        }
        _ = try cursor.take(extraLength)
        let start = cursor.offset
        _ = try cursor.take(packedSize)
        return start..<cursor.offset
    }

    /// The contents of an entry.
    func contents(_ entry: Entry) throws(TensorFileError) -> Foundation.Data {
        var cursor = ByteCursor(bytes, at: entry.contents.lowerBound)
        let packed = try cursor.take(entry.packedSize)
        let contents: Foundation.Data
        switch entry.method {
        case 0:
            guard entry.size == entry.packedSize else { throw .malformed(offset: entry.headerOffset, "two sizes for '\(entry.name)'") }
            contents = packed
        case 8: contents = try inflated(packed, entry)
        default: throw .unsupported("'\(entry.name)' is compressed by method \(entry.method)")
        }
        guard Self.checksum(contents) == entry.checksum else {
            throw .malformed(offset: entry.headerOffset, "the checksum of '\(entry.name)' is wrong")
        }
        MappedPages.release(contents)
        return contents
    }

    private func inflated(_ packed: Foundation.Data, _ entry: Entry) throws(TensorFileError) -> Foundation.Data {
        // zlib takes no place to write to that is missing, as that of empty data is.
        guard entry.size > 0 else { return Foundation.Data() }
        var output = Foundation.Data(count: entry.size)
        var stream = z_stream()
        guard inflateInit2_(&stream, -15, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .unsupported("zlib cannot be started")
        }
        defer { inflateEnd(&stream) }
        // zlib counts in 32 bits: both sides are handed over in pieces.
        let piece = 1 << 30
        let isWhole = packed.withUnsafeBytes { source in
            output.withUnsafeMutableBytes { target in
                var (read, written) = (0, 0)
                while true {
                    let (input, room) = (min(piece, source.count - read), min(piece, target.count - written))
                    stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress.map { $0 + read })
                    stream.avail_in = UInt32(input)
                    stream.next_out = target.bindMemory(to: UInt8.self).baseAddress.map { $0 + written }
                    stream.avail_out = UInt32(room)
                    let status = inflate(&stream, Z_NO_FLUSH)
                    let progress = input - Int(stream.avail_in) + room - Int(stream.avail_out)
                    read += input - Int(stream.avail_in)
                    written += room - Int(stream.avail_out)
                    if status == Z_STREAM_END { return written == target.count }
                    if status != Z_OK || progress == 0 { return false }
                }
            }
        }
        guard isWhole else { throw .malformed(offset: entry.headerOffset, "'\(entry.name)' cannot be decompressed") }
        return output
    }

    static func checksum(_ bytes: Foundation.Data) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let bytes = bytes.bindMemory(to: UInt8.self)
        return UInt32(truncatingIfNeeded: crc32_z(0, bytes.baseAddress, bytes.count))
    }
}
