/// The methods that a template may call, by their names in Python.
enum TemplateMethod: String, Sendable {
    // Strings.
    case capitalize, casefold, center, endswith, expandtabs, find, format, isalnum, isalpha, isascii, isdecimal
    case isdigit, isidentifier, islower, isnumeric, isprintable, isspace, istitle, isupper, join, ljust, lower, lstrip
    case partition, removeprefix, removesuffix, replace, rfind, rindex, rjust, rpartition, rsplit, rstrip, split
    case splitlines, startswith, strip, swapcase, title, upper, zfill
    case formatMap = "format_map"
    // Strings and lists.
    case count, index
    // Dictionaries.
    case get, items, keys, values
    // Dictionaries and lists. All but `copy` would change the value in place.
    case clear, copy, pop
    case popitem, setdefault, update
    case append, extend, insert, remove, reverse, sort
    // The loop, and `dict`.
    case cycle, changed, fromkeys

    private var isOfString: Bool {
        switch self {
        case .capitalize, .casefold, .center, .endswith, .expandtabs, .find, .format, .isalnum, .isalpha, .isascii,
            .isdecimal, .isdigit, .isidentifier, .islower, .isnumeric, .isprintable, .isspace, .istitle, .isupper,
            .join, .ljust, .lower, .lstrip, .partition, .removeprefix, .removesuffix, .replace, .rfind, .rindex,
            .rjust, .rpartition, .rsplit, .rstrip, .split, .splitlines, .startswith, .strip, .swapcase, .title, .upper,
            .zfill, .formatMap, .count, .index:
            true
        default: false
        }
    }

    private var isOfDictionary: Bool {
        switch self {
        case .get, .items, .keys, .values, .clear, .copy, .pop, .popitem, .setdefault, .update, .fromkeys: true
        default: false
        }
    }

    private var isOfList: Bool {
        switch self {
        case .count, .index, .clear, .copy, .pop, .append, .extend, .insert, .remove, .reverse, .sort: true
        default: false
        }
    }

    /// Whether a value has the method.
    func belongs(to value: TemplateValue) -> Bool {
        switch value {
        case .string, .markup: isOfString
        case .dictionary: isOfDictionary
        case .list: isOfList
        case .tuple: self == .count || self == .index
        case .function(.dictionary): self == .fromkeys
        default: false
        }
    }
}

/// The name after a dot, with the method that it may mean.
struct TemplateAttribute: Sendable {
    let name: String
    let method: TemplateMethod?

    init(_ name: String) {
        self.name = name
        method = TemplateMethod(rawValue: name)
    }
}
