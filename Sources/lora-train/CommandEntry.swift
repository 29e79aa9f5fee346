/// A command: what it is called, what it is for, its flags, and what it does with them.
struct CommandEntry {
    /// The words that it begins with, such as `train` or `bench step`.
    let name: String
    let summary: String
    /// Its flags, as a table.
    let markdown: () -> String
    private let execute: ([String]) throws -> Bool

    /// - Parameter body: what is done with the options that its arguments make
    init<Options>(
        _ name: String, _ summary: String, _ defaults: @autoclosure @escaping () -> Options,
        _ flags: @autoclosure @escaping () -> FlagSet<Options>, _ body: @escaping (Options) throws -> Void
    ) {
        (self.name, self.summary) = (name, summary)
        markdown = { flags().markdown(defaults()) }
        execute = { arguments in
            let flags = flags()
            var options = defaults()
            guard try flags.parse(arguments, into: &options, command: name) else {
                try body(options)
                return true
            }
            let operands = flags.operands.map { " \($0.name)\($0.isRepeated ? "…" : "")" }.joined()
            Console.shared.line(
                "lora-train \(name)\(operands): \(summary)\n" + flags.help(defaults(), width: Console.shared.width))
            return false
        }
    }

    /// Does it, or says its flags where the arguments ask for help.
    ///
    /// - Returns: whether it was done
    /// - Throws: ``CommandError``, or what the command itself throws
    @discardableResult
    func run(_ arguments: [String]) throws -> Bool { try execute(arguments) }
}
