/// The variables of one stretch of a template: the whole of it, a turn of a loop, a macro's body.
///
/// Reading looks outwards through the enclosing scopes; setting changes the innermost scope only, which is why
/// templates carry values out of loops in a `namespace()`.
final class TemplateScope {
    private var variables: [String: TemplateValue]
    private let enclosing: TemplateScope?

    init(_ variables: [String: TemplateValue] = [:], in enclosing: TemplateScope? = nil) {
        self.variables = variables
        self.enclosing = enclosing
    }

    subscript(name: String) -> TemplateValue? {
        get {
            var scope: TemplateScope? = self
            while let current = scope {
                if let value = current.variables[name] { return value }
                scope = current.enclosing
            }
            return nil
        }
        set { variables[name] = newValue }
    }
}
