import Foundation

/// The bytes of a GGUF file's header, as they are written.
struct GGUFBytes {
    var data = Foundation.Data()

    mutating func number<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) }
    }

    mutating func text(_ text: String) {
        number(UInt64(text.utf8.count))
        data.append(contentsOf: text.utf8)
    }

    mutating func value(_ value: GGUFValue) {
        number(value.typeNumber)
        switch value {
        case .uint8(let value): number(value)
        case .int8(let value): number(value)
        case .uint16(let value): number(value)
        case .int16(let value): number(value)
        case .uint32(let value): number(value)
        case .int32(let value): number(value)
        case .float32(let value): number(value.bitPattern)
        case .bool(let value): number(UInt8(value ? 1 : 0))
        case .string(let value): text(value)
        case .array(let value): array(value)
        case .uint64(let value): number(value)
        case .int64(let value): number(value)
        case .float64(let value): number(value.bitPattern)
        }
    }

    mutating func array(_ array: GGUFArray) {
        number(array.typeNumber)
        number(UInt64(array.count))
        switch array {
        case .uint8(let values): numbers(values)
        case .int8(let values): numbers(values)
        case .uint16(let values): numbers(values)
        case .int16(let values): numbers(values)
        case .uint32(let values): numbers(values)
        case .int32(let values): numbers(values)
        case .float32(let values): numbers(values.map(\.bitPattern))
        case .bool(let values): numbers(values.map { UInt8($0 ? 1 : 0) })
        case .string(let values): for value in values { text(value) }
        case .array(let values): for value in values { self.array(value) }
        case .uint64(let values): numbers(values)
        case .int64(let values): numbers(values)
        case .float64(let values): numbers(values.map(\.bitPattern))
        }
    }

    private mutating func numbers<Number: FixedWidthInteger>(_ numbers: [Number]) {
        numbers.map(\.littleEndian).withUnsafeBytes { data.append(contentsOf: $0) }
    }
}

extension GGUFValue {
    /// The number by which a file knows the type.
    fileprivate var typeNumber: UInt32 {
        switch self {
        case .uint8: 0
        case .int8: 1
        case .uint16: 2
        case .int16: 3
        case .uint32: 4
        case .int32: 5
        case .float32: 6
        case .bool: 7
        case .string: 8
        case .array: 9
        case .uint64: 10
        case .int64: 11
        case .float64: 12
        }
    }
}

extension GGUFArray {
    /// The number by which a file knows the elements' type.
    fileprivate var typeNumber: UInt32 {
        switch self {
        case .uint8: 0
        case .int8: 1
        case .uint16: 2
        case .int16: 3
        case .uint32: 4
        case .int32: 5
        case .float32: 6
        case .bool: 7
        case .string: 8
        case .array: 9
        case .uint64: 10
        case .int64: 11
        case .float64: 12
        }
    }
}
