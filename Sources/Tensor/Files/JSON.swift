/// A JSON value (RFC 8259). Objects keep the order of their keys.
public enum JSON: Sendable, Equatable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent that fits in `Int`.
    case integer(Int)
    /// An integer beyond `Int`: its digits, after a minus where it is negative, as JSON writes them.
    case largeInteger(String)
    /// Any other number.
    case number(Double)
    /// A text.
    case string(String)
    /// Values in order.
    case array([JSON])
    /// Values under keys, in order.
    case object(JSONObject)

    /// No integer may have more digits, as in Python.
    package static let integerDigitLimit = 4300

    /// The text of a string.
    public var string: String? { if case .string(let value) = self { value } else { nil } }

    /// An integer, also where it is written with a fraction of zero.
    public var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// A number of any kind; nil for an integer that is beyond the range of `Double`.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .largeInteger(let digits): Double(digits).flatMap { $0.isFinite ? $0 : nil }
        case .number(let value): value
        default: nil
        }
    }

    /// The value of `true` and `false`.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The values of an array.
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    /// The object, where it is one.
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The value under a key; `nil` unless this is an object that has it.
    public subscript(key: String) -> JSON? { object?[key] }
}

/// A JSON object that keeps the order of its keys; of a repeated key the last value counts.
///
/// Keys are compared by their code points: "é" in one and in two of them are two keys.
public struct JSONObject: Sendable {
    private var members = OrderedMap<JSON>()

    /// An object without members.
    public init() {}

    /// The keys, in the order in which they first came.
    public var keys: [String] { members.keys }

    /// The value under a key. A new key goes last; `nil` removes the key.
    public subscript(key: String) -> JSON? {
        get { members[key] }
        set { members[key] = newValue }
    }
}

extension JSONObject: Equatable {
    /// Whether both have the same keys and values, in any order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.keys.count == right.keys.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}

extension JSONObject: Sequence {
    public func makeIterator() -> AnyIterator<(key: String, value: JSON)> {
        var iterator = zip(members.keys, members.values).makeIterator()
        return AnyIterator { iterator.next().map { (key: $0, value: $1) } }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) {
        for (key, value) in elements { self[key] = value }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(nilLiteral: ()) { self = .null }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}

/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The byte at which reading stopped.
    public let offset: Int
    /// Counted from 1.
    public let line: Int
    /// Counted from 1, in characters.
    public let column: Int
    /// What is wrong there.
    public let reason: String

    public var description: String { "\(reason) at line \(line), column \(column)" }
}
