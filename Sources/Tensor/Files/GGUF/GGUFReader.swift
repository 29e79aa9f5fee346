import Foundation

/// Reads numbers, texts and values of a GGUF file's header, in order. Every read is checked against the
/// end of the bytes and every count against what they could hold, before anything is allocated.
struct GGUFReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    /// Where a header must have ended: a vocabulary takes some ten million bytes. Counts that lie are
    /// bound by this, not by the gigabytes of weights behind the header.
    private let end: Int
    private static let maximumHeader = 100_000_000

    private static let maximumDepth = 8

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        end = min(bytes.count, Self.maximumHeader)
    }

    private var remaining: Int { end - offset }

    private mutating func take(_ count: Int) throws(TensorFileError) -> UnsafeRawBufferPointer {
        guard count <= remaining else {
            if end < bytes.count { throw .malformed(offset: offset, "a header of more than \(end) bytes") }
            throw .truncated(offset: end)
        }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(TensorFileError) -> Number {
        Number(littleEndian: try take(MemoryLayout<Number>.size).loadUnaligned(as: Number.self))
    }

    /// A number of things that take `size` bytes or more each.
    mutating func count(_ things: String, size: Int, atMost limit: Int = .max) throws(TensorFileError) -> Int {
        let place = offset
        let count = try number(UInt64.self)
        guard count <= UInt64(remaining / size) else {
            throw .malformed(offset: place, "\(count) \(things), of which \(remaining) bytes cannot hold as many")
        }
        guard count <= UInt64(limit) else { throw .malformed(offset: place, "\(count) \(things), more than any model has") }
        return Int(count)
    }

    mutating func text(_ what: String) throws(TensorFileError) -> String {
        let place = offset
        let length = try number(UInt64.self)
        guard length <= UInt64(remaining) else {
            throw .malformed(offset: place, "\(what) of \(length) bytes, of which the file has \(remaining)")
        }
        let utf8 = try take(Int(length))
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw .malformed(offset: place, "\(what) that is not UTF-8")
        }
        return text
    }

    mutating func value() throws(TensorFileError) -> GGUFValue {
        let place = offset
        return switch try number(UInt32.self) {
        case 0: .uint8(try number(UInt8.self))
        case 1: .int8(try number(Int8.self))
        case 2: .uint16(try number(UInt16.self))
        case 3: .int16(try number(Int16.self))
        case 4: .uint32(try number(UInt32.self))
        case 5: .int32(try number(Int32.self))
        case 6: .float32(Float(bitPattern: try number(UInt32.self)))
        case 7: .bool(try truth())
        case 8: .string(try text("a text"))
        case 9: .array(try array(depth: 1))
        case 10: .uint64(try number(UInt64.self))
        case 11: .int64(try number(Int64.self))
        case 12: .float64(Double(bitPattern: try number(UInt64.self)))
        case let type: throw .malformed(offset: place, "a value of type \(type), which GGUF does not have")
        }
    }

    private mutating func truth() throws(TensorFileError) -> Bool {
        let place = offset
        let byte = try number(UInt8.self)
        guard byte <= 1 else { throw .malformed(offset: place, "a truth value of \(byte)") }
        return byte == 1
    }

    private mutating func array(depth: Int) throws(TensorFileError) -> GGUFArray {
        let place = offset
        guard depth <= Self.maximumDepth else { throw .malformed(offset: place, "arrays nested deeper than \(Self.maximumDepth)") }
        switch try number(UInt32.self) {
        case 0: return .uint8(try numbers())
        case 1: return .int8(try numbers())
        case 2: return .uint16(try numbers())
        case 3: return .int16(try numbers())
        case 4: return .uint32(try numbers())
        case 5: return .int32(try numbers())
        case 6: return .float32(try numbers().map { (bits: UInt32) in Float(bitPattern: bits) })
        case 7: return .bool(try elements(size: 1) { (reader) throws(TensorFileError) in try reader.truth() })
        case 8: return .string(try elements(size: 8) { (reader) throws(TensorFileError) in try reader.text("a text") })
        case 9:
            return .array(try elements(size: 12) { (reader) throws(TensorFileError) in try reader.array(depth: depth + 1) })
        case 10: return .uint64(try numbers())
        case 11: return .int64(try numbers())
        case 12: return .float64(try numbers().map { (bits: UInt64) in Double(bitPattern: bits) })
        case let type: throw .malformed(offset: place, "an array of type \(type), which GGUF does not have")
        }
    }

    private mutating func numbers<Number: FixedWidthInteger>() throws(TensorFileError) -> [Number] {
        let size = MemoryLayout<Number>.size
        let count = try count("numbers of \(size) bytes", size: size)
        let source = try take(count * size)
        return [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
            for i in 0..<count {
                buffer.initializeElement(at: i, to: Number(littleEndian: source.loadUnaligned(fromByteOffset: i * size, as: Number.self)))
            }
            initialized = count
        }
    }

    private mutating func elements<Element>(
        size: Int, _ read: (inout GGUFReader) throws(TensorFileError) -> Element
    ) throws(TensorFileError) -> [Element] {
        let count = try count("elements", size: size)
        var result: [Element] = []
        result.reserveCapacity(count)
        for _ in 0..<count { result.append(try read(&self)) }
        return result
    }
}
