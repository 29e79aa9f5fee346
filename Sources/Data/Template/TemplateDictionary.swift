import Tensor

/// A key of a dictionary. Keys are equal as in Python: 1, 1.0 and true are one key, and strings by their code points
/// ("é" in one and in two of them are two keys).
enum TemplateKey {
    case undefined(TemplateUndefined)
    case none
    case bool(Bool)
    case integer(Int)
    case largeInteger(String)
    case number(Double)
    case string(String)
    case markup(String)
    /// The keys that the items are, and the tuple itself.
    case tuple([TemplateKey], TemplateList)

    /// Nil for a value that Python cannot hash, and for a tuple, of which the interpreter makes a key item by item.
    init?(_ value: TemplateValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .markup(let text): self = .markup(text)
        case .none: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .largeInteger(let digits): self = .largeInteger(digits)
        case .number(let value): self = .number(value)
        case .undefined(let undefined): self = .undefined(undefined)
        case .list, .tuple, .generator, .dictionary, .namespace, .loop, .macro, .function, .method: return nil
        }
    }

    var value: TemplateValue {
        switch self {
        case .undefined(let undefined): .undefined(undefined)
        case .none: .none
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .largeInteger(let digits): .largeInteger(digits)
        case .number(let value): .number(value)
        case .string(let text): .string(text)
        case .markup(let text): .markup(text)
        case .tuple(_, let list): .tuple(list)
        }
    }

    var string: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }

    func isString(_ text: String) -> Bool {
        switch self {
        case .string(let own), .markup(let own): PythonText.equal(own, text)
        default: false
        }
    }
}

extension TemplateKey: Hashable {
    /// The integer that the key equals, if any.
    private var whole: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    static func == (left: TemplateKey, right: TemplateKey) -> Bool {
        if let left = left.string, let right = right.string { return PythonText.equal(left, right) }
        if let left = left.whole, let right = right.whole { return left == right }
        switch (left, right) {
        case (.none, .none), (.undefined, .undefined): return true
        case (.largeInteger(let left), .largeInteger(let right)): return left == right
        case (.number(let left), .number(let right)): return left == right
        case (.largeInteger(let digits), .number(let number)), (.number(let number), .largeInteger(let digits)):
            return PythonNumber.wholeDigits(number) == digits
        case (.tuple(let left, _), .tuple(let right, _)): return left == right
        default: return false
        }
    }

    func hash(into hasher: inout Hasher) {
        if let whole { return hasher.combine(whole) }
        switch self {
        case .string(let text), .markup(let text): hasher.combine(ExactText(text))
        case .largeInteger(let digits): hasher.combine(Double(digits))
        case .number(let value): hasher.combine(value)
        case .tuple(let keys, _): hasher.combine(keys)
        case .none, .undefined, .bool, .integer: hasher.combine(0)
        }
    }
}

/// A dictionary, in the order of insertion.
struct TemplateDictionary {
    /// A key and its value.
    struct Item {
        let key: TemplateKey
        var value: TemplateValue
    }

    private(set) var items: [Item] = []
    private(set) var depth = 1
    /// Where each key stands; kept only where a search from the front would take long.
    private var places: [TemplateKey: Int] = [:]
    private static let searchLimit = 16

    init() {}

    init(_ object: JSONObject) {
        items.reserveCapacity(object.keys.count)
        for (key, value) in object { append(.string(key), TemplateValue(value)) }
    }

    var count: Int { items.count }

    var keys: [TemplateValue] { items.map(\.key.value) }

    /// The value under a string.
    subscript(key: String) -> TemplateValue? {
        get {
            if items.count > Self.searchLimit { return places[.string(key)].map { items[$0].value } }
            for place in items.indices where items[place].key.isString(key) { return items[place].value }
            return nil
        }
        set { self[TemplateKey.string(key)] = newValue }
    }

    /// The value under a key; setting keeps the place and the spelling of a key that is there.
    subscript(key: TemplateKey) -> TemplateValue? {
        get { place(of: key).map { items[$0].value } }
        set {
            guard let newValue else { return }
            if let place = place(of: key) {
                depth = max(depth, 1 + newValue.depth)
                items[place].value = newValue
            } else {
                append(key, newValue)
            }
        }
    }

    /// Adds a key that is not there.
    private mutating func append(_ key: TemplateKey, _ value: TemplateValue) {
        depth = max(depth, 1 + value.depth)
        if case .tuple(_, let list) = key { depth = max(depth, 1 + list.depth) }
        items.append(Item(key: key, value: value))
        guard items.count > Self.searchLimit else { return }
        if places.isEmpty {
            for (place, item) in items.enumerated() { places[item.key] = place }
        } else {
            places[key] = items.count - 1
        }
    }

    private func place(of key: TemplateKey) -> Int? {
        if items.count > Self.searchLimit { return places[key] }
        return items.firstIndex { $0.key == key }
    }
}
