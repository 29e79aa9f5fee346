/// The filters of Jinja, by their names.
enum TemplateFilterName: Sendable {
    /// A filter that templates can apply.
    case known(Known)
    /// A name that is no filter's, or that of one which has no place in a chat template.
    case other(String)

    enum Known: String, CaseIterable, Sendable {
        case abs, attr, batch, capitalize, center, count, d, dictsort, e, escape, filesizeformat, first, float
        case forceescape, format, groupby, indent, int, items, join, last, length, list, lower, map, max, min, reject
        case rejectattr, replace, reverse, round, safe, select, selectattr, slice, sort, string, sum, title, tojson
        case trim, truncate, unique, upper, urlencode, wordcount, xmlattr
        case standard = "default"
    }

    /// What Jinja has and this interpreter refuses: layout of pages, and what is different each time.
    static let refused: Set<String> = ["pprint", "random", "striptags", "urlize", "wordwrap"]

    init(_ name: String) {
        self = Known(rawValue: name).map { .known($0) } ?? .other(name)
    }

    /// Whether Jinja has a filter of that name.
    static func exists(_ name: String) -> Bool { Known(rawValue: name) != nil || refused.contains(name) }
}

/// The tests of Jinja, by their names.
enum TemplateTestName: Sendable {
    case known(Known)
    case other(String)

    enum Known: String, Sendable {
        case boolean, callable, defined, divisibleby, escaped, even, filter, float, integer, iterable, lower, mapping
        case none, number, odd, sameas, sequence, string, test, undefined, upper
        case isTrue = "true"
        case isFalse = "false"
        case isIn = "in"
        case eq, equalto
        case equal = "=="
        case ne
        case notEqual = "!="
        case lt, lessthan
        case less = "<"
        case le
        case lessOrEqual = "<="
        case gt, greaterthan
        case greater = ">"
        case ge
        case greaterOrEqual = ">="

        /// The comparison that the test makes, where it makes one.
        var comparison: TemplateComparison? {
            switch self {
            case .eq, .equalto, .equal: .equal
            case .ne, .notEqual: .notEqual
            case .lt, .lessthan, .less: .less
            case .le, .lessOrEqual: .lessOrEqual
            case .gt, .greaterthan, .greater: .greater
            case .ge, .greaterOrEqual: .greaterOrEqual
            case .isIn: .isIn
            default: nil
            }
        }
    }

    init(_ name: String) {
        self = Known(rawValue: name).map { .known($0) } ?? .other(name)
    }
}
