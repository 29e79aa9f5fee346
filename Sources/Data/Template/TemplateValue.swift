import Tensor

/// A value while a template renders, with the meaning that Python gives it.
enum TemplateValue {
    /// What a missing name, key or attribute gives; it prints as nothing and fails when it is used.
    case undefined(TemplateUndefined)
    case none
    case bool(Bool)
    case integer(Int)
    /// An integer beyond `Int`: a sign where it is negative, then its digits.
    case largeInteger(String)
    case number(Double)
    case string(String)
    /// A string that `safe` or `escape` marked: what joins it is escaped.
    case markup(String)
    case list(TemplateList)
    case tuple(TemplateList)
    case generator(TemplateGenerator)
    case dictionary(TemplateDictionary)
    case namespace(TemplateNamespace)
    case loop(LoopState)
    /// A macro, by its place in the interpreter's table.
    case macro(Int)
    case function(TemplateFunction)
    /// A method waiting for its call: `text.strip`.
    indirect case method(of: TemplateValue, TemplateMethod)

    /// A value of JSON: of a message, a tool or a caller's variable.
    init(_ json: JSON) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .largeInteger(let digits): self = .largeInteger(digits)
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .list(TemplateList(values.map { TemplateValue($0) }))
        case .object(let object): self = .dictionary(TemplateDictionary(object))
        }
    }

    /// The integer that the digits write, in whichever form holds it. The digits have no leading zeros.
    init(digits: String) {
        self = Int(digits).map { .integer($0) } ?? .largeInteger(digits)
    }

    /// The text of a string, marked or not.
    var string: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }

    /// Python's truth: empty, zero, none and undefined are false.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text), .markup(let text): !text.isEmpty
        case .list(let list), .tuple(let list): !list.items.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        case .largeInteger, .generator, .namespace, .loop, .macro, .function, .method: true
        }
    }

    var isNone: Bool { if case .none = self { true } else { false } }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    var kind: TemplateKind {
        switch self {
        case .undefined: .undefined
        case .none: .none
        case .bool: .bool
        case .integer, .largeInteger: .integer
        case .number: .number
        case .string, .markup: .string
        case .list: .list
        case .tuple: .tuple
        case .generator: .generator
        case .dictionary: .dictionary
        case .namespace: .namespace
        case .loop: .loop
        case .macro: .macro
        case .function, .method: .function
        }
    }

    /// The kind of value in words, for error messages.
    var typeName: String { kind.name }

    /// How many containers nest in the value.
    var depth: Int {
        switch self {
        case .list(let list), .tuple(let list): list.depth
        case .generator(let generator): generator.depth
        case .dictionary(let dictionary): dictionary.depth
        default: 0
        }
    }
}

/// The kinds of values that error messages tell apart.
enum TemplateKind: UInt8 {
    case undefined, none, bool, integer, number, string, list, tuple, generator, dictionary, namespace, loop, macro
    case function

    var name: String {
        switch self {
        case .undefined: "undefined"
        case .none: "none"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .list: "a list"
        case .tuple: "a tuple"
        case .generator: "a generator"
        case .dictionary: "a dictionary"
        case .namespace: "a namespace"
        case .loop: "the loop"
        case .macro: "a macro"
        case .function: "a function"
        }
    }
}

/// What was missing. Templates look for keys that are not there all the time, so the sentence about it is made only
/// when somebody reads it.
struct TemplateUndefined {
    enum Missing {
        case variable, parameter, key, index
        case attribute(of: TemplateKind)
        /// The name is the whole sentence.
        case other
    }

    let name: String
    let missing: Missing

    var reason: String {
        switch missing {
        case .variable: "'\(name)' is not defined"
        case .parameter: "the parameter '\(name)' was not provided"
        case .key: "there is no key '\(name)'"
        case .index: "there is no item \(name)"
        case .attribute(let kind): "\(kind.name) has no attribute '\(name)'"
        case .other: name
        }
    }
}

extension TemplateValue {
    static func undefined(_ name: String, _ missing: TemplateUndefined.Missing) -> TemplateValue {
        .undefined(TemplateUndefined(name: name, missing: missing))
    }

    /// Undefined, with a sentence that says why.
    static func undefined(_ reason: String) -> TemplateValue { .undefined(reason, .other) }
}
