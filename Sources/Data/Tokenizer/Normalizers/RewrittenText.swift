/// The text that a stage of normalizing writes, and, where it is followed, for each of its bytes the byte of the
/// text before that it comes from.
struct RewrittenText {
    private(set) var bytes: [UInt8] = []
    /// Empty where the bytes are not followed. They never decrease.
    private(set) var sources: [Int32] = []
    let isTracked: Bool
    /// In bytes. A text that would be longer is cut off and of no use.
    private let limit: Int
    private(set) var isTooLong = false

    init(isTracked: Bool, limit: Int) {
        self.isTracked = isTracked
        self.limit = isTracked ? min(limit, Int(Int32.max)) : limit
    }

    /// Appends a part of the text before as it is.
    @inline(__always)
    mutating func keep(_ range: Range<Int>, of text: UTF8Bytes) {
        guard !range.isEmpty, fits(range.count) else { return }
        bytes.append(contentsOf: text[range])
        guard isTracked else { return }
        for source in range { sources.append(Int32(truncatingIfNeeded: source)) }
    }

    /// Appends bytes of whole scalars that all come from one place.
    @inline(__always)
    mutating func append(_ new: [UInt8], from source: Int) {
        guard fits(new.count) else { return }
        bytes += new
        if isTracked { appendSource(source, count: new.count) }
    }

    /// Appends a scalar.
    @inline(__always)
    mutating func append(_ scalar: UInt32, from source: Int) {
        guard fits(4) else { return }
        let before = bytes.count
        if scalar < 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: scalar))
        } else {
            if scalar < 0x800 {
                bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            } else {
                if scalar < 0x10000 {
                    bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
                } else {
                    bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
                    bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3F))
                }
                bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3F))
            }
            bytes.append(UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3F))
        }
        if isTracked { appendSource(source, count: bytes.count - before) }
    }

    /// Forgets what was written.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        sources.removeAll(keepingCapacity: true)
    }

    mutating func reserveCapacity(_ count: Int) {
        bytes.reserveCapacity(count)
        if isTracked { sources.reserveCapacity(count) }
    }

    /// Follows the bytes one text further back, to that of which a stage made the text before.
    mutating func follow(through before: RewrittenText) {
        for index in sources.indices { sources[index] = before.sources[Int(sources[index])] }
    }

    @inline(__always)
    private mutating func fits(_ count: Int) -> Bool {
        if bytes.count <= limit - count { return true }
        isTooLong = true
        return false
    }

    @inline(__always)
    private mutating func appendSource(_ source: Int, count: Int) {
        for _ in 0..<count { sources.append(Int32(truncatingIfNeeded: source)) }
    }
}
