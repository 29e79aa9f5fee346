/// The items of a list or tuple.
///
/// The depth is remembered because every walk over values recurses: a template can nest lists in a loop, and the
/// interpreter refuses what nests deeper than a walk can follow.
struct TemplateList {
    let items: [TemplateValue]
    let depth: Int
    /// Whether it is a pair of `groupby`, whose two items also go by the names `grouper` and `list`.
    let isGroup: Bool

    init(_ items: [TemplateValue], isGroup: Bool = false) {
        self.items = items
        self.isGroup = isGroup
        var deepest = 0
        for item in items { deepest = max(deepest, item.depth) }
        depth = 1 + deepest
    }
}

/// What a filter such as `select` gives: items that can be gone through once, and of which nobody knows the number
/// before.
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
    /// How many recursive calls of the loop enclose this one.
    let depth: Int
    /// The recursive loop's place in the interpreter's table; nil for a loop that cannot be called.
    let recursion: Int?
    var index = 0
    /// What `loop.changed` was last asked about.
    var lastChanged: [TemplateValue]?

    init(items: [TemplateValue], depth: Int, recursion: Int?) {
        self.items = items
        self.depth = depth
        self.recursion = recursion
    }

    /// The attribute of that name, or nil when a loop has no such attribute.
    func attribute(_ name: String) -> TemplateValue? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "first": .bool(index == 0)
        case "last": .bool(index == items.count - 1)
        case "length": .integer(items.count)
        case "revindex": .integer(items.count - index)
        case "revindex0": .integer(items.count - index - 1)
        case "depth": .integer(depth + 1)
        case "depth0": .integer(depth)
        case "previtem": index > 0 ? items[index - 1] : .undefined("there is no previous item")
        case "nextitem": index + 1 < items.count ? items[index + 1] : .undefined("there is no next item")
        case "cycle": .method(of: .loop(self), .cycle)
        case "changed": .method(of: .loop(self), .changed)
        default: nil
        }
    }
}

/// The functions that every template finds.
enum TemplateFunction: String, CaseIterable {
    case range
    case namespace
    case dictionary = "dict"
    case raiseException = "raise_exception"
    case formattedNow = "strftime_now"
}
