/// How much a template may do. Templates come with downloaded tokenizers, so an endless one must end in an error.
///
/// The limits are far above any conversation: 4 million evaluated nodes, 256 MiB of values made on the way.
struct TemplateBudget {
    static let stepLimit = 4_000_000
    static let byteLimit = 256 << 20
    /// How deep expressions, statements and macros may nest while they run. A level takes up to 6 KB of stack without
    /// optimization and much less with it, so the deepest run fits a thread's stack.
    static let nestingLimit = 160
    /// How deep lists and dictionaries may nest.
    static let valueDepthLimit = 64
    /// What Jinja's sandbox allows `range` to make.
    static let rangeLimit = 100_000

    private var steps = 0
    private var bytes = 0
    private(set) var nesting = 0

    /// Counts evaluated nodes; false when there were too many.
    mutating func step(_ count: Int = 1) -> Bool {
        steps += count
        return steps <= Self.stepLimit
    }

    /// Counts memory that a new value takes; false when it was too much.
    mutating func make(bytes count: Int) -> Bool {
        let (sum, overflow) = bytes.addingReportingOverflow(max(0, count))
        bytes = overflow ? .max : sum
        return bytes <= Self.byteLimit
    }

    mutating func enter() -> Bool {
        nesting += 1
        return nesting <= Self.nestingLimit
    }

    mutating func leave() { nesting -= 1 }
}
