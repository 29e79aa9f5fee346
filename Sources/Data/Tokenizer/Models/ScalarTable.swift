/// A map from scalars, or bytes, to tokens. Two lookups in arrays take less time than one hash, and every character of a
/// new word asks.
struct ScalarTable: Sendable {
    private static let pageBits: UInt32 = 8
    private static let pageSize = 1 << 8
    private static let pageCount = 0x11_0000 >> 8

    /// The page of each block of 256 scalars. All blocks without a token share the first page.
    private var pages = [Int32](repeating: 0, count: pageCount)
    private var tokens = [Int32](repeating: -1, count: pageSize)

    init(_ ids: [UInt32: Int32] = [:]) {
        for (scalar, id) in ids where scalar < 0x11_0000 { insert(scalar, id) }
    }

    /// The token of a scalar; -1 where it has none.
    @inline(__always)
    subscript(scalar: UInt32) -> Int32 {
        tokens[Int(pages[Int(scalar >> Self.pageBits)]) << Int(Self.pageBits) | Int(scalar & 0xFF)]
    }

    private mutating func insert(_ scalar: UInt32, _ id: Int32) {
        let block = Int(scalar >> Self.pageBits)
        if pages[block] == 0 {
            pages[block] = Int32(tokens.count / Self.pageSize)
            tokens += repeatElement(-1, count: Self.pageSize)
        }
        tokens[Int(pages[block]) * Self.pageSize + Int(scalar & 0xFF)] = id
    }
}
