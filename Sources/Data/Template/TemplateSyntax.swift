/// An expression of a template: what it is, where it stands and how deep it nests.
struct TemplateExpression: Sendable {
    /// The deepest nesting that the parser accepts; real templates stay below 20.
    static let depthLimit = 64

    let line: Int
    /// 1 for a literal or a name, else one more than the deepest part.
    let depth: Int
    let form: Form

    indirect enum Form: Sendable {
        case none
        case bool(Bool)
        case integer(Int)
        case largeInteger(String)
        case number(Double)
        case string(String)
        case name(String)
        case list([TemplateExpression])
        case tuple([TemplateExpression])
        case dictionary([(key: TemplateExpression, value: TemplateExpression)])
        /// `of.name`
        case attribute(of: TemplateExpression, TemplateAttribute)
        /// `of[key]`
        case item(of: TemplateExpression, key: TemplateExpression)
        /// `of[start:stop:step]`
        case slice(
            of: TemplateExpression, start: TemplateExpression?, stop: TemplateExpression?, step: TemplateExpression?)
        case call(TemplateExpression, TemplateCall)
        /// `value | name(arguments)`
        case filter(TemplateExpression, TemplateFilter)
        /// `value is name(arguments)`
        case test(TemplateExpression, TemplateTest)
        case negative(TemplateExpression)
        case positive(TemplateExpression)
        case not(TemplateExpression)
        /// `a and b and c`
        case and([TemplateExpression])
        /// `a or b or c`
        case or([TemplateExpression])
        /// `a + b - c`, from left to right; the operations of one node bind equally: `+ -`, `* / // %` or `**`.
        case arithmetic(TemplateExpression, [(operation: TemplateSymbol, operand: TemplateExpression)])
        /// `a ~ b ~ c`
        case concatenation([TemplateExpression])
        /// `a < b <= c`: each pair is compared, all must hold.
        case comparison(TemplateExpression, [(operation: TemplateComparison, operand: TemplateExpression)])
        /// `value if test else otherwise`
        case conditional(test: TemplateExpression, value: TemplateExpression, otherwise: TemplateExpression?)
    }
}

/// What stands between two compared values.
enum TemplateComparison: Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, isIn, isNotIn
}

/// The arguments in the parentheses of a call, a filter or a test.
struct TemplateCall: Sendable {
    var positional: [TemplateExpression] = []
    var named: [(name: String, value: TemplateExpression)] = []
    /// `*values`
    var unpacked: TemplateExpression?
    /// `**values`
    var unpackedNamed: TemplateExpression?

    var isEmpty: Bool { positional.isEmpty && named.isEmpty && unpacked == nil && unpackedNamed == nil }

    /// All expressions in it.
    var parts: [TemplateExpression] {
        positional + named.map(\.value) + [unpacked, unpackedNamed].compactMap { $0 }
    }
}

/// A filter without the value that it is applied to.
struct TemplateFilter: Sendable {
    let line: Int
    let name: TemplateFilterName
    let call: TemplateCall
}

/// What stands after `is`, without the value that is tested.
struct TemplateTest: Sendable {
    let name: TemplateTestName
    let call: TemplateCall
}

/// A statement of a template, or the text between statements.
struct TemplateStatement: Sendable {
    let line: Int
    let form: Form

    indirect enum Form: Sendable {
        case text(String)
        case output(TemplateExpression)
        /// `{% print a, b %}`
        case print([TemplateExpression])
        case conditional([(test: TemplateExpression, body: [TemplateStatement])], otherwise: [TemplateStatement])
        case loop(TemplateLoop)
        case set(TemplateTarget, TemplateExpression)
        /// `{% set target | filters %}body{% endset %}`
        case capture(TemplateTarget, filters: [TemplateFilter], body: [TemplateStatement])
        case macro(TemplateMacro)
        /// `{% call(parameters) callee(arguments) %}body{% endcall %}`; the macro is the body.
        case call(TemplateMacro, callee: TemplateExpression, TemplateCall)
        case with([(target: TemplateTarget, value: TemplateExpression)], body: [TemplateStatement])
        /// `{% filter name %}body{% endfilter %}`
        case filtered([TemplateFilter], body: [TemplateStatement])
        /// `{% generation %}body{% endgeneration %}`: what the assistant wrote. It renders as its body.
        case generation([TemplateStatement])
        case breakLoop
        case continueLoop
    }
}

/// `{% for target in sequence if condition recursive %}body{% else %}otherwise{% endfor %}`
struct TemplateLoop: Sendable {
    let target: TemplateTarget
    let sequence: TemplateExpression
    let condition: TemplateExpression?
    let isRecursive: Bool
    let body: [TemplateStatement]
    let otherwise: [TemplateStatement]
}

/// `{% macro name(parameters) %}body{% endmacro %}`
struct TemplateMacro: Sendable {
    let name: String
    let parameters: [(name: String, standard: TemplateExpression?)]
    let body: [TemplateStatement]
    /// Whether the body reads `varargs`: the arguments beyond the parameters.
    let usesOthers: Bool
    /// Whether the body reads `kwargs`: the named arguments that no parameter has the name of.
    let usesNamedOthers: Bool
    /// Whether the body reads `caller`: the body of a call block.
    let usesCaller: Bool
}

/// What a value is assigned to.
indirect enum TemplateTarget: Sendable {
    case name(String)
    case attribute(namespace: String, name: String)
    case tuple([TemplateTarget])
}
