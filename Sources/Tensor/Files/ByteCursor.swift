import Foundation

/// A place in a file's bytes. Every read is checked against the end; little-endian throughout.
struct ByteCursor {
    let bytes: Foundation.Data
    private(set) var offset: Int

    init(_ bytes: Foundation.Data, at offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    var remaining: Int { bytes.count - offset }

    /// The next `count` bytes, without a copy.
    mutating func take(_ count: Int) throws(TensorFileError) -> Foundation.Data {
        guard count >= 0, offset >= 0, count <= remaining else { throw .truncated(offset: offset) }
        let start = bytes.startIndex + offset
        offset += count
        return bytes[start..<start + count]
    }

    mutating func byte() throws(TensorFileError) -> UInt8 {
        let taken = try take(1)
        return taken[taken.startIndex]
    }

    mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) throws(TensorFileError) -> T {
        try take(MemoryLayout<T>.size).reversed().reduce(0) { $0 << 8 | T($1) }
    }

    /// A 64-bit length or offset that must fit in `Int`.
    mutating func length() throws(TensorFileError) -> Int {
        let place = offset
        guard let value = Int(exactly: try integer(UInt64.self)) else {
            throw .malformed(offset: place, "a length beyond all bounds")
        }
        return value
    }

    /// The bytes up to a line feed, which is passed over.
    mutating func line() throws(TensorFileError) -> String {
        let start = bytes.startIndex + offset
        guard let end = bytes[start...].prefix(4096).firstIndex(of: 0x0A) else { throw .truncated(offset: offset) }
        offset = end + 1 - bytes.startIndex
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }
}
