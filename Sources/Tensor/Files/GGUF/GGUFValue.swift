/// A value of a GGUF file's metadata, in the very type that the file gives it.
public enum GGUFValue: Sendable, Equatable {
    /// An integer of 8 bits without a sign.
    case uint8(UInt8)
    /// An integer of 8 bits with a sign.
    case int8(Int8)
    /// An integer of 16 bits without a sign.
    case uint16(UInt16)
    /// An integer of 16 bits with a sign.
    case int16(Int16)
    /// An integer of 32 bits without a sign.
    case uint32(UInt32)
    /// An integer of 32 bits with a sign.
    case int32(Int32)
    /// A floating-point number of 32 bits.
    case float32(Float)
    /// A truth value.
    case bool(Bool)
    /// A text.
    case string(String)
    /// Values of one type.
    case array(GGUFArray)
    /// An integer of 64 bits without a sign.
    case uint64(UInt64)
    /// An integer of 64 bits with a sign.
    case int64(Int64)
    /// A floating-point number of 64 bits.
    case float64(Double)

    /// The text, where it is one.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The truth value, where it is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// An integer of any width; `nil` for one that does not fit in `Int`.
    public var int: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(value)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// A number of any type, rounded to float32.
    public var float: Float? {
        switch self {
        case .float32(let value): value
        case .float64(let value): Float(value)
        default: int.map(Float.init)
        }
    }

    /// The array, where it is one.
    public var array: GGUFArray? {
        if case .array(let array) = self { array } else { nil }
    }

    /// The texts of an array of such.
    public var strings: [String]? { array?.strings }
    /// The truth values of an array of such.
    public var bools: [Bool]? { array?.bools }

    /// Integers of any width; `nil` where one does not fit in `Int`.
    public var ints: [Int]? { array?.ints }

    /// Numbers of any type, rounded to float32.
    public var floats: [Float]? { array?.floats }
}

/// An array of a GGUF file's metadata. All elements have one type, so that a vocabulary of 150,000
/// entries takes no enum an entry.
public enum GGUFArray: Sendable, Equatable {
    /// Integers of 8 bits without a sign.
    case uint8([UInt8])
    /// Integers of 8 bits with a sign.
    case int8([Int8])
    /// Integers of 16 bits without a sign.
    case uint16([UInt16])
    /// Integers of 16 bits with a sign.
    case int16([Int16])
    /// Integers of 32 bits without a sign.
    case uint32([UInt32])
    /// Integers of 32 bits with a sign.
    case int32([Int32])
    /// Floating-point numbers of 32 bits.
    case float32([Float])
    /// Truth values.
    case bool([Bool])
    /// Texts.
    case string([String])
    /// Arrays, each of one type.
    case array([GGUFArray])
    /// Integers of 64 bits without a sign.
    case uint64([UInt64])
    /// Integers of 64 bits with a sign.
    case int64([Int64])
    /// Floating-point numbers of 64 bits.
    case float64([Double])

    /// The number of elements.
    public var count: Int {
        switch self {
        case .uint8(let values): values.count
        case .int8(let values): values.count
        case .uint16(let values): values.count
        case .int16(let values): values.count
        case .uint32(let values): values.count
        case .int32(let values): values.count
        case .float32(let values): values.count
        case .bool(let values): values.count
        case .string(let values): values.count
        case .array(let values): values.count
        case .uint64(let values): values.count
        case .int64(let values): values.count
        case .float64(let values): values.count
        }
    }

    /// The texts, where it is an array of such.
    public var strings: [String]? {
        if case .string(let values) = self { values } else { nil }
    }

    /// The truth values, where it is an array of such.
    public var bools: [Bool]? {
        if case .bool(let values) = self { values } else { nil }
    }

    /// Integers of any width; `nil` where one does not fit in `Int`.
    public var ints: [Int]? {
        switch self {
        case .uint8(let values): return values.map(Int.init)
        case .int8(let values): return values.map(Int.init)
        case .uint16(let values): return values.map(Int.init)
        case .int16(let values): return values.map(Int.init)
        case .uint32(let values): return values.map(Int.init)
        case .int32(let values): return values.map(Int.init)
        case .uint64(let values):
            guard values.allSatisfy({ $0 <= UInt64(Int.max) }) else { return nil }
            return values.map(Int.init)
        case .int64(let values): return values.map(Int.init)
        case .float32, .float64, .bool, .string, .array: return nil
        }
    }

    /// Numbers of any type, rounded to float32.
    public var floats: [Float]? {
        switch self {
        case .float32(let values): values
        case .float64(let values): values.map(Float.init)
        default: ints?.map(Float.init)
        }
    }
}
