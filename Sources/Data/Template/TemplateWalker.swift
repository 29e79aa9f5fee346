/// Goes through the expressions of a template, each with what it is used for.
struct TemplateWalker {
    /// The texts that a template compares values with, searches them for, cuts them at or assigns: on these its course may
    /// depend. Texts that it only writes are not among them.
    private(set) var comparedTexts: Set<String> = []
    /// Whether there is a `{% generation %}` block.
    private(set) var hasGenerationBlocks = false

    mutating func walk(_ statements: [TemplateStatement]) {
        for statement in statements { walk(statement.form) }
    }

    private mutating func walk(_ statement: TemplateStatement.Form) {
        switch statement {
        case .text, .breakLoop, .continueLoop: break
        case .output(let expression): walk(expression)
        case .print(let expressions): for expression in expressions { walk(expression) }
        case .conditional(let branches, let otherwise):
            for branch in branches {
                walk(branch.test)
                walk(branch.body)
            }
            walk(otherwise)
        case .loop(let loop):
            walk(loop.sequence, isCompared: true)
            if let condition = loop.condition { walk(condition) }
            walk(loop.body)
            walk(loop.otherwise)
        case .set(_, let expression): walk(expression, isCompared: true)
        case .capture(_, let filters, let body), .filtered(let filters, let body):
            for filter in filters { walk(filter.call) }
            walk(body)
        case .macro(let macro): walk(macro)
        case .call(let body, let callee, let call):
            walk(body)
            walk(callee)
            walk(call)
        case .with(let assignments, let body):
            for assignment in assignments { walk(assignment.value, isCompared: true) }
            walk(body)
        case .generation(let body):
            hasGenerationBlocks = true
            walk(body)
        }
    }

    private mutating func walk(_ macro: TemplateMacro) {
        for parameter in macro.parameters { if let standard = parameter.standard { walk(standard, isCompared: true) } }
        walk(macro.body)
    }

    private mutating func walk(_ call: TemplateCall) {
        for argument in call.parts { walk(argument, isCompared: true) }
    }

    private mutating func walk(_ expression: TemplateExpression, isCompared: Bool = false) {
        switch expression.form {
        case .string(let text): if isCompared { comparedTexts.insert(text) }
        case .none, .bool, .integer, .largeInteger, .number, .name: break
        case .list(let items), .tuple(let items), .and(let items), .or(let items), .concatenation(let items):
            for item in items { walk(item, isCompared: isCompared) }
        case .dictionary(let items):
            for item in items {
                walk(item.key, isCompared: isCompared)
                walk(item.value, isCompared: isCompared)
            }
        case .attribute(let of, _): walk(of, isCompared: isCompared)
        case .item(let of, let key):
            walk(of, isCompared: isCompared)
            walk(key)
        case .slice(let of, let start, let stop, let step):
            for part in [of, start, stop, step].compactMap({ $0 }) { walk(part, isCompared: isCompared) }
        case .call(let callee, let call):
            walk(callee)
            walk(call)
        case .filter(let operand, let filter):
            walk(operand, isCompared: isCompared)
            walk(filter.call)
        case .test(let operand, let test):
            walk(operand)
            walk(test.call)
        case .negative(let operand), .positive(let operand), .not(let operand): walk(operand, isCompared: isCompared)
        case .arithmetic(let first, let operations):
            for operand in [first] + operations.map(\.operand) { walk(operand, isCompared: isCompared) }
        case .comparison(let first, let operations):
            for operand in [first] + operations.map(\.operand) { walk(operand, isCompared: true) }
        case .conditional(let test, let value, let otherwise):
            walk(test)
            for part in [value, otherwise].compactMap({ $0 }) { walk(part, isCompared: isCompared) }
        }
    }
}
