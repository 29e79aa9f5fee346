/// Reads the wire format of protocol buffers: fields, each a number and a value. Every read is checked against the end, so
/// that no input traps.
///
/// Source: the encoding chapter of the protocol buffers documentation.
struct ProtobufReader {
    enum Value {
        case integer(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    /// Why bytes are no protocol buffer.
    struct Damage: Error {
        let offset: Int
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; `nil` at the end.
    mutating func next() throws(Damage) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let start = rest.startIndex
        let tag = try varint()
        // Field numbers have 29 bits.
        guard let number = Int(exactly: tag >> 3), 1..<(1 << 29) ~= number else { throw Damage(offset: start) }
        switch tag & 7 {
        case 0: return (number, .integer(try varint()))
        case 1: return (number, .fixed64(try fixed(UInt64.self)))
        case 2:
            guard let count = Int(exactly: try varint()), count <= rest.count else { throw Damage(offset: start) }
            let bytes = rest.prefix(count)
            rest = rest.dropFirst(count)
            return (number, .bytes(bytes))
        case 5: return (number, .fixed32(try fixed(UInt32.self)))
        // Groups are long gone, and the others never were.
        default: throw Damage(offset: start)
        }
    }

    private mutating func varint() throws(Damage) -> UInt64 {
        let start = rest.startIndex
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Damage(offset: start) }
            // Of the tenth byte only one bit is left; more of them are lost, as in other readers.
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        throw Damage(offset: start)
    }

    private mutating func fixed<Number: FixedWidthInteger>(_: Number.Type) throws(Damage) -> Number {
        let count = Number.bitWidth / 8
        guard rest.count >= count else { throw Damage(offset: rest.startIndex) }
        var value: Number = 0
        for byte in rest.prefix(count).reversed() { value = value << 8 | Number(byte) }
        rest = rest.dropFirst(count)
        return value
    }
}
