import Tensor

/// A value while a template renders, with the meaning that Python gives it.
enum TemplateValue {
    /// What a missing name, key or attribute gives; it prints as nothing and fails when it is used.
    /// The text says what was missing.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
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
    indirect case method(of: TemplateValue, name: String)

    /// A value of JSON: of a message, a tool or a caller's variable.
    init(_ json: JSON) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .largeInteger(let digits): self = .number(Double(digits) ?? 0)
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .list(TemplateList(values.map { TemplateValue($0) }))
        case .object(let object): self = .dictionary(TemplateDictionary(object))
        }
    }

    /// Python's truth: empty, zero, none and undefined are false.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let list), .tuple(let list): !list.items.isEmpty
        case .dictionary(let dictionary): dictionary.count > 0
        case .generator, .namespace, .loop, .macro, .function, .method: true
        }
    }

    /// Python's name of the value's type, for error messages.
    var typeName: String {
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
        case .function, .method: "a function"
        }
    }

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

/// The items of a list or tuple.
///
/// The depth is remembered because every walk over values recurses: a template can nest lists in a loop, and the
/// interpreter refuses what nests deeper than a walk can follow.
struct TemplateList {
    let items: [TemplateValue]
    let depth: Int

    init(_ items: [TemplateValue]) {
        self.items = items
        depth = 1 + (items.lazy.map(\.depth).max() ?? 0)
    }
}

/// What a filter such as `select` gives: items that can be gone through once, and of which nobody knows the number before.
final class TemplateGenerator {
    let depth: Int
    private var items: ArraySlice<TemplateValue>

    init(_ list: TemplateList) {
        depth = list.depth
        items = list.items[...]
    }

    func next() -> TemplateValue? { items.popFirst() }

    /// All that are left.
    func rest() -> [TemplateValue] {
        defer { items = [] }
        return Array(items)
    }
}

/// A dictionary with text for keys, in the order of insertion.
///
/// Keys are equal when their scalars are, as in Python; Swift's strings would take "é" in one and in two scalars
/// for the same.
struct TemplateDictionary {
    /// A key and its value.
    struct Item {
        let key: String
        var value: TemplateValue
    }

    private(set) var items: [Item] = []
    private(set) var depth = 1
    /// Where each key stands; kept only where a search from the front would take long.
    private var places: [ExactText: Int] = [:]
    private static let searchLimit = 16

    init() {}

    init(_ object: JSONObject) {
        items.reserveCapacity(object.keys.count)
        for (key, value) in object { self[key] = TemplateValue(value) }
    }

    var count: Int { items.count }

    subscript(key: String) -> TemplateValue? {
        get { place(of: key).map { items[$0].value } }
        set {
            guard let newValue else { return }
            depth = max(depth, 1 + newValue.depth)
            if let place = place(of: key) {
                items[place].value = newValue
                return
            }
            items.append(Item(key: key, value: newValue))
            if items.count > Self.searchLimit {
                if places.isEmpty {
                    for (place, item) in items.enumerated() { places[ExactText(item.key)] = place }
                } else {
                    places[ExactText(key)] = items.count - 1
                }
            }
        }
    }

    private func place(of key: String) -> Int? {
        if items.count > Self.searchLimit { return places[ExactText(key)] }
        return items.firstIndex { PythonText.equal($0.key, key) }
    }
}

/// What `namespace()` gives: attributes that an inner scope can change.
final class TemplateNamespace {
    var attributes: TemplateDictionary

    init(_ attributes: TemplateDictionary) {
        self.attributes = attributes
    }
}

/// The `loop` of a `for` statement.
final class LoopState {
    let items: [TemplateValue]
    var index = 0
    /// What `loop.changed` was last asked about.
    var lastChanged: [TemplateValue]?

    init(items: [TemplateValue]) {
        self.items = items
    }

    /// The attribute of that name, or nil when a loop has no such attribute.
    func attribute(_ name: String) -> TemplateValue? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(items.count - index)
        case "revindex0": .integer(items.count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == items.count - 1)
        case "length": .integer(items.count)
        // Jinja counts the depth of recursive loops only.
        case "depth": .integer(1)
        case "depth0": .integer(0)
        case "previtem": index > 0 ? items[index - 1] : .undefined("there is no previous item")
        case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("there is no next item")
        case "cycle", "changed": .method(of: .loop(self), name: name)
        default: nil
        }
    }
}

/// The functions that every template finds.
enum TemplateFunction: String {
    case range
    case namespace
    case dictionary = "dict"
    case raiseException = "raise_exception"
    case formattedNow = "strftime_now"
}
