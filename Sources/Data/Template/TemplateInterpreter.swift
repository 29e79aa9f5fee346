/// Renders the statements of a template. One interpreter renders once and lives on one thread.
///
/// Macros, expressions, filters, tests, methods and functions are in extensions, a file each.
final class TemplateInterpreter {
    var scope: TemplateScope
    var budget = TemplateBudget()
    /// The line of the template that is being evaluated, for errors.
    var line = 1
    /// When the rendering takes place, in seconds since 1970, for `strftime_now`.
    let now: Double

    var output = ""
    /// How many bytes stand before what is captured now, of the output that is not; `nil` where nothing is captured.
    private var bytesBeforeCapture: Int?
    private var generationBlocks: [Range<Int>] = []
    var macros: [(definition: TemplateMacro, scope: TemplateScope)] = []
    /// The recursive loops that have run, each with the scope around it.
    private var recursions: [(loop: TemplateLoop, scope: TemplateScope)] = []
    private var namespaces: [TemplateNamespace] = []

    /// How a list of statements ended.
    enum Flow { case next, breakLoop, continueLoop }

    init(variables: [String: TemplateValue], now: Double) {
        var variables = variables
        for function in TemplateFunction.allCases where variables[function.rawValue] == nil {
            variables[function.rawValue] = .function(function)
        }
        scope = TemplateScope(variables)
        self.now = now
    }

    /// The text that the statements make. An interpreter is spent after it.
    func render(_ statements: [TemplateStatement]) throws -> RenderedText {
        // A namespace can hold itself; macros and recursive loops hold the scope that holds them. Nobody sees them after
        // the rendering.
        defer {
            for namespace in namespaces { namespace.attributes = TemplateDictionary() }
            macros = []
            recursions = []
        }
        _ = try run(statements)
        // What a macro wrote may have been shortened, or written nowhere.
        let whole = 0..<output.utf8.count
        return RenderedText(text: output, generationBlocks: generationBlocks.map { $0.clamped(to: whole) })
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
    func made(_ text: String, isMarkup: Bool = false) throws -> TemplateValue {
        try reserve(bytes: text.utf8.count)
        return isMarkup ? .markup(text) : .string(text)
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

    func run(_ statements: [TemplateStatement]) throws -> Flow {
        for place in statements.indices {
            line = statements[place].line
            try step()
            let flow = try run(statements[place])
            if flow != .next { return flow }
        }
        return .next
    }

    private func run(_ statement: TemplateStatement) throws -> Flow {
        switch statement.form {
        case .text(let text):
            try write(text)
            return .next
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        default: break
        }
        try enter()
        defer { leave() }
        switch statement.form {
        case .output(let expression):
            try write(expression)
        case .print(let expressions):
            for expression in expressions { try write(try evaluate(expression)) }
        case .conditional(let branches, let otherwise):
            return try runConditional(branches, otherwise)
        case .loop(let loop):
            try runLoop(loop)
        case .set(let target, let expression):
            try assign(try evaluate(expression), to: target)
        case .capture(let target, let filters, let body):
            try assign(try filtered(filters, body), to: target)
        case .macro(let macro):
            scope.set(macro.name, try makeMacro(macro))
        case .call(let body, let callee, let call):
            try runCall(body, callee, call, line: statement.line)
        case .with(let assignments, let body):
            return try runWith(assignments, body)
        case .filtered(let filters, let body):
            try write(try filtered(filters, body))
        case .generation(let body):
            return try runGeneration(body)
        case .text, .breakLoop, .continueLoop: break
        }
        return .next
    }

    func inScope<Result>(_ inner: TemplateScope, _ body: () throws -> Result) rethrows -> Result {
        let outer = scope
        scope = inner
        defer { scope = outer }
        return try body()
    }

    /// Writes what the assistant said, and remembers where it stands.
    private func runGeneration(_ body: [TemplateStatement]) throws -> Flow {
        let outer = bytesBeforeCapture
        defer { bytesBeforeCapture = outer }
        let start = output.utf8.count
        bytesBeforeCapture = outer ?? start
        let flow = try inScope(TemplateScope(in: scope)) { try run(body) }
        let place = outer ?? start
        generationBlocks.append(place..<place + output.utf8.count - start)
        return flow
    }

    /// What a body writes, instead of writing it.
    func captured(in inner: TemplateScope, _ body: () throws -> Void) throws -> String {
        let written = output
        let outer = bytesBeforeCapture
        bytesBeforeCapture = outer ?? output.utf8.count
        output = ""
        defer { (output, bytesBeforeCapture) = (written, outer) }
        try inScope(inner, body)
        return output
    }

    private func filtered(_ filters: [TemplateFilter], _ body: [TemplateStatement]) throws -> TemplateValue {
        var value = TemplateValue.string(try captured(in: TemplateScope(in: scope)) { _ = try run(body) })
        for filter in filters { value = try apply(filter, to: value) }
        return value
    }

    private func runConditional(
        _ branches: [(test: TemplateExpression, body: [TemplateStatement])], _ otherwise: [TemplateStatement]
    ) throws -> Flow {
        for place in branches.indices where try holds(branches[place].test) { return try run(branches[place].body) }
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
        let items = try evaluate(loop.sequence)
        var recursion: Int?
        if loop.isRecursive {
            try reserve(bytes: 64)
            recursion = recursions.count
            recursions.append((loop, scope))
        }
        try runLoop(loop, over: items, depth: 0, recursion)
    }

    /// `loop(items)`: the recursive loop once more, one level deeper. Gives what that writes.
    func callLoop(_ state: LoopState, _ arguments: TemplateArguments) throws -> TemplateValue {
        guard let recursion = state.recursion else {
            throw failure(.value, "only a loop that is marked 'recursive' can be called")
        }
        guard let items = try arguments.single("iterable", in: self) else {
            throw failure(.value, "'loop' needs something to go through")
        }
        // The frames of a loop and of its call are more than those of one level.
        try enter()
        defer { leave() }
        let (loop, enclosing) = recursions[recursion]
        let calling = line
        let text = try captured(in: enclosing) {
            try runLoop(loop, over: items, depth: state.depth + 1, recursion)
        }
        line = calling
        return try made(text)
    }

    private func runLoop(_ loop: TemplateLoop, over sequence: TemplateValue, depth: Int, _ recursion: Int?) throws {
        var items = try iterate(sequence)
        let outer = scope
        defer { scope = outer }
        if let condition = loop.condition {
            items = try items.filter { item in
                scope = TemplateScope(in: outer)
                try assign(item, to: loop.target)
                return try holds(condition)
            }
        }
        let state = LoopState(items: items, depth: depth, recursion: recursion)
        var hasCompleted = false
        var inner: TemplateScope?
        for (index, item) in items.enumerated() {
            try step()
            state.index = index
            let closures = macros.count + recursions.count
            let turn = inner ?? TemplateScope(in: outer)
            scope = turn
            turn.set("loop", .loop(state))
            try assign(item, to: loop.target)
            let flow = try run(loop.body)
            if flow == .breakLoop { break }
            if flow == .next { hasCompleted = true }
            // A macro that was made in this turn keeps the turn's variables; else the next turn takes their place.
            if macros.count + recursions.count == closures {
                turn.removeAll()
                inner = turn
            } else {
                inner = nil
            }
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
            scope.set(name, value)
        case .attribute(let name, let attribute):
            guard case .namespace(let namespace)? = scope[name] else {
                throw failure(.value, "cannot set '\(name).\(attribute)': '\(name)' is not a namespace")
            }
            guard !attribute.hasPrefix("_") else {
                throw failure(.value, "a namespace cannot hold '\(attribute)': its name begins with '_'")
            }
            namespace.attributes[.string(attribute)] = value
        case .tuple(let targets):
            let items = try iterate(value)
            guard items.count == targets.count else {
                throw failure(.value, "cannot unpack \(items.count) values into \(targets.count) names")
            }
            for (item, target) in zip(items, targets) { try assign(item, to: target) }
        }
    }
}
