/// The variables of one stretch of a template: the whole of it, a turn of a loop, a macro's body.
///
/// Reading looks outwards through the enclosing scopes; setting changes the innermost scope only, which is why
/// templates carry values out of loops in a `namespace()`.
final class TemplateScope {
    /// Nothing that reads or changes it calls anything else meanwhile, so the check for that is saved: it cost more than
    /// the search.
    @exclusivity(unchecked) private var variables: TemplateVariables
    private let enclosing: TemplateScope?

    init(_ variables: [String: TemplateValue] = [:], in enclosing: TemplateScope? = nil) {
        self.variables = TemplateVariables(variables)
        self.enclosing = enclosing
    }

    subscript(name: String) -> TemplateValue? { variables[name] ?? enclosing?[name] }

    func set(_ name: String, _ value: TemplateValue) { variables.set(name, value) }

    /// Forgets the variables, for the next turn of a loop.
    func removeAll() { variables.removeAll() }
}

/// Values by name.
private struct TemplateVariables {
    /// The variables while they are few: a short search is faster than hashing.
    private var few: [(name: String, value: TemplateValue)] = []
    private var many: [String: TemplateValue]
    private static let searchLimit = 12

    init(_ variables: [String: TemplateValue]) {
        many = variables
    }

    subscript(name: String) -> TemplateValue? {
        // By index, since a loop over the elements would copy each of them.
        for place in few.indices where few[place].name == name { return few[place].value }
        return many.isEmpty ? nil : many[name]
    }

    mutating func set(_ name: String, _ value: TemplateValue) {
        guard many.isEmpty else {
            many[name] = value
            return
        }
        for place in few.indices where few[place].name == name {
            few[place].value = value
            return
        }
        guard few.count == Self.searchLimit else { return few.append((name, value)) }
        for variable in few { many[variable.name] = variable.value }
        few = []
        many[name] = value
    }

    mutating func removeAll() {
        // One by one, which is faster for a few than `removeAll(keepingCapacity:)`.
        while !few.isEmpty { few.removeLast() }
        if !many.isEmpty { many = [:] }
    }
}
