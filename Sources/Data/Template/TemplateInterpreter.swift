/// Renders the statements of a template. One interpreter renders once and lives on one thread.
///
/// Expressions, filters, tests, methods and functions are in extensions, a file each.
final class TemplateInterpreter {
    var scope: TemplateScope
    var budget = TemplateBudget()
    /// The line of the template that is being evaluated, for errors.
    var line = 1
    /// When the rendering takes place, in seconds since 1970, for `strftime_now`.
    let now: Double

    private var output = ""
    private var macros: [(definition: TemplateMacro, scope: TemplateScope)] = []
    private var namespaces: [TemplateNamespace] = []

    /// How a list of statements ended.
    private enum Flow { case next, breakLoop, continueLoop }

    init(variables: [String: TemplateValue], now: Double) {
        scope = TemplateScope(variables)
        self.now = now
    }

    /// The text that the statements make. An interpreter is spent after it.
    func render(_ statements: [TemplateStatement]) throws -> String {
        // A namespace can hold itself; macros hold the scope that holds them. Nobody sees them after the rendering.
        defer {
            for namespace in namespaces { namespace.attributes = TemplateDictionary() }
            macros = []
        }
        _ = try run(statements)
        return output
    }

    // MARK: Limits and errors

    func failure(_ kind: TemplateError.Kind, _ reason: String) -> TemplateError {
        TemplateError(kind, line: line, reason)
    }

    func step(_ count: Int = 1) throws {
        guard budget.step(count) else {
            throw failure(.limit, "the template does not come to an end (\(TemplateBudget.stepLimit) steps)")
        }
    }

    /// Asks for memory before a value is made.
    func reserve(bytes: Int) throws {
        guard budget.make(bytes: bytes) else {
            throw failure(
                .limit, "the template makes more than \(TemplateBudget.byteLimit >> 20) MiB of text and values")
        }
    }

    /// Asks for `count` times so many bytes.
    func reserve(bytes: Int, times count: Int) throws {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: max(0, count))
        try reserve(bytes: overflow ? .max : product)
    }

    /// Goes one level deeper; `leave` must follow.
    func enter() throws {
        guard budget.enter() else {
            budget.leave()
            throw failure(.limit, "the template nests deeper than \(TemplateBudget.nestingLimit) levels")
        }
    }

    func leave() { budget.leave() }

    /// A new text, whose memory counts.
    func made(_ text: String) throws -> TemplateValue {
        try reserve(bytes: text.utf8.count)
        return .string(text)
    }

    /// A new list, whose memory counts and whose nesting is limited.
    func made(_ items: [TemplateValue]) throws -> TemplateList {
        try reserve(bytes: items.count * MemoryLayout<TemplateValue>.stride)
        let list = TemplateList(items)
        try checkDepth(list.depth)
        return list
    }

    func checkDepth(_ depth: Int) throws {
        guard depth <= TemplateBudget.valueDepthLimit else {
            throw failure(.limit, "lists and dictionaries nest deeper than \(TemplateBudget.valueDepthLimit) levels")
        }
    }

    func makeNamespace(_ attributes: TemplateDictionary) -> TemplateValue {
        let namespace = TemplateNamespace(attributes)
        namespaces.append(namespace)
        return .namespace(namespace)
    }

    // MARK: Statements

    private func run(_ statements: [TemplateStatement]) throws -> Flow {
        for statement in statements {
            line = statement.line
            try step()
            let flow = try run(statement)
            if flow != .next { return flow }
        }
        return .next
    }

    private func run(_ statement: TemplateStatement) throws -> Flow {
        try enter()
        defer { leave() }
        switch statement.form {
        case .text(let text):
            try write(text)
        case .output(let expression):
            try write(try text(of: try evaluate(expression)))
        case .conditional(let branches, let otherwise):
            return try runConditional(branches, otherwise)
        case .loop(let loop):
            try runLoop(loop)
        case .set(let target, let expression):
            try assign(try evaluate(expression), to: target)
        case .capture(let target, let filters, let body):
            let captured = try filtered(filters, body)
            try assign(captured, to: target)
        case .macro(let macro):
            macros.append((macro, scope))
            try reserve(bytes: 64)
            scope[macro.name] = .macro(macros.count - 1)
        case .with(let assignments, let body):
            return try runWith(assignments, body)
        case .filtered(let filters, let body):
            let filtered = try filtered(filters, body)
            try write(text(of: filtered))
        case .generation(let body):
            return try inScope(TemplateScope(in: scope)) { try run(body) }
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        }
        return .next
    }

    private func write(_ text: String) throws {
        try reserve(bytes: text.utf8.count)
        output += text
    }

    private func inScope<Result>(_ inner: TemplateScope, _ body: () throws -> Result) rethrows -> Result {
        let outer = scope
        scope = inner
        defer { scope = outer }
        return try body()
    }

    /// What a body writes, instead of writing it.
    private func captured(in inner: TemplateScope, _ body: [TemplateStatement]) throws -> String {
        let written = output
        output = ""
        defer { output = written }
        _ = try inScope(inner) { try run(body) }
        return output
    }

    private func filtered(_ filters: [TemplateFilter], _ body: [TemplateStatement]) throws -> TemplateValue {
        var value = TemplateValue.string(try captured(in: TemplateScope(in: scope), body))
        for filter in filters { value = try apply(filter, to: value) }
        return value
    }

    private func runConditional(
        _ branches: [(test: TemplateExpression, body: [TemplateStatement])], _ otherwise: [TemplateStatement]
    ) throws -> Flow {
        for branch in branches where try evaluate(branch.test).isTrue { return try run(branch.body) }
        return try run(otherwise)
    }

    private func runWith(
        _ assignments: [(target: TemplateTarget, value: TemplateExpression)], _ body: [TemplateStatement]
    ) throws -> Flow {
        // The values see the outer scope, not one another.
        let values = try assignments.map { try evaluate($0.value) }
        return try inScope(TemplateScope(in: scope)) {
            for (assignment, value) in zip(assignments, values) { try assign(value, to: assignment.target) }
            return try run(body)
        }
    }

    private func runLoop(_ loop: TemplateLoop) throws {
        var items = try iterate(try evaluate(loop.sequence))
        let outer = scope
        defer { scope = outer }
        if let condition = loop.condition {
            items = try items.filter { item in
                scope = TemplateScope(in: outer)
                try assign(item, to: loop.target)
                return try evaluate(condition).isTrue
            }
        }
        let state = LoopState(items: items)
        var hasCompleted = false
        for (index, item) in items.enumerated() {
            try step()
            state.index = index
            scope = TemplateScope(["loop": .loop(state)], in: outer)
            try assign(item, to: loop.target)
            let flow = try run(loop.body)
            if flow == .breakLoop { break }
            if flow == .next { hasCompleted = true }
        }
        // Unlike in Python, `else` belongs to a loop of which no turn ran to its end.
        if !hasCompleted {
            scope = TemplateScope(in: outer)
            _ = try run(loop.otherwise)
        }
    }

    private func assign(_ value: TemplateValue, to target: TemplateTarget) throws {
        switch target {
        case .name(let name):
            scope[name] = value
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace)? = scope[name] else {
                throw failure(.value, "cannot set '\(name).\(attribute)': '\(name)' is not a namespace")
            }
            guard !attribute.hasPrefix("_") else {
                throw failure(.value, "a namespace cannot hold '\(attribute)': its name begins with '_'")
            }
            namespace.attributes[attribute] = value
        case .tuple(let targets):
            let items = try iterate(value)
            guard items.count == targets.count else {
                throw failure(.value, "cannot unpack \(items.count) values into \(targets.count) names")
            }
            for (item, target) in zip(items, targets) { try assign(item, to: target) }
        }
    }

    // MARK: Macros

    func callMacro(_ index: Int, _ arguments: TemplateArguments) throws -> TemplateValue {
        let (macro, enclosing) = macros[index]
        let inner = TemplateScope(in: enclosing)
        let given = try arguments.bound(to: macro.parameters.map(\.name), in: self)
        let calling = line
        return try inScope(inner) {
            for (parameter, value) in zip(macro.parameters, given) {
                if let value {
                    inner[parameter.name] = value
                } else if let standard = parameter.standard {
                    inner[parameter.name] = try evaluate(standard)
                } else {
                    inner[parameter.name] = .undefined("the parameter '\(parameter.name)' was not provided")
                }
            }
            let text = try captured(in: inner, macro.body)
            line = calling
            return try made(text)
        }
    }
}
