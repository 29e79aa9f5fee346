/// The variables of one stretch of a template: the whole of it, a turn of a loop, a macro's body.
///
/// Reading looks outwards through the enclosing scopes; setting changes the innermost scope only, which is why
/// templates carry values out of loops in a `namespace()`.
final class TemplateScope {
    /// The variables while they are few: a short search is faster than hashing.
    private var few: [(name: String, value: TemplateValue)] = []
    /// The variables of a scope that has many.
    private var many: [String: TemplateValue] = [:]
    private let enclosing: TemplateScope?
    private static let searchLimit = 12

    init(in enclosing: TemplateScope? = nil) {
        self.enclosing = enclosing
    }

    /// The outermost scope.
    init(_ variables: [String: TemplateValue]) {
        many = variables
        enclosing = nil
    }

    subscript(name: String) -> TemplateValue? {
        // By index, since a loop over the elements would copy each of them.
        for place in few.indices where few[place].name == name { return few[place].value }
        if !many.isEmpty, let value = many[name] { return value }
        return enclosing?[name]
    }

    func set(_ name: String, _ value: TemplateValue) {
        if !many.isEmpty {
            many[name] = value
            return
        }
        for place in few.indices where few[place].name == name { return few[place].value = value }
        if few.count < Self.searchLimit {
            few.append((name, value))
        } else {
            for variable in few { many[variable.name] = variable.value }
            few = []
            many[name] = value
        }
    }

    /// Forgets the variables, for the next turn of a loop.
    func removeAll() {
        few.removeAll(keepingCapacity: true)
        if !many.isEmpty { many = [:] }
    }
}
