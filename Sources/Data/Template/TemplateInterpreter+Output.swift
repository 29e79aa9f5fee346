/// What a template writes.
extension TemplateInterpreter {
    /// Writes the value of an expression. The parts of a joined text are written one after the other, without making the
    /// whole of it first.
    func write(_ expression: TemplateExpression) throws {
        switch expression.form {
        case .concatenation(let operands):
            try step()
            for place in operands.indices { try write(try evaluate(operands[place])) }
        case .arithmetic(let first, let operations) where operations[0].operation == .plus:
            try step()
            try writeSum(first, operations, line: expression.line)
        default: try write(try evaluate(expression))
        }
    }

    private func writeSum(
        _ first: TemplateExpression, _ operations: [(operation: TemplateSymbol, operand: TemplateExpression)], line: Int
    ) throws {
        let start = output.utf8.count
        let value = try evaluate(first)
        guard case .string(let text) = value else {
            return try write(try arithmeticValue(value, operations[...], line: line))
        }
        try write(text)
        for place in operations.indices {
            let operand = try evaluate(operations[place].operand)
            self.line = line
            if operations[place].operation == .plus, case .string(let part) = operand {
                try write(part)
                continue
            }
            // Markup escapes what stands before it: that is taken back and joined as a value.
            let end = output.utf8.index(output.startIndex, offsetBy: start)
            let written = String(output[end...])
            output.removeSubrange(end...)
            let sum = try arithmetic(operations[place].operation, .string(written), operand)
            return try write(try arithmeticValue(sum, operations[(place + 1)...], line: line))
        }
    }

    func write(_ value: TemplateValue) throws {
        switch value {
        case .string(let text), .markup(let text): try write(text)
        case .undefined: break
        default: try write(try text(of: value))
        }
    }

    func write(_ text: String) throws {
        try reserve(bytes: text.utf8.count)
        output += text
    }
}
