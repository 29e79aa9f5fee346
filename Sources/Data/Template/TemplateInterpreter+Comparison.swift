/// Comparison, as Python defines it.
extension TemplateInterpreter {
    /// Whether each pair of neighbours compares as it should.
    func decide(
        _ first: TemplateExpression, _ operations: [(operation: TemplateComparison, operand: TemplateExpression)],
        line: Int
    ) throws -> Bool {
        var left = try evaluate(first)
        for (operation, operand) in operations {
            let right = try evaluate(operand)
            self.line = line
            guard try compare(operation, left, right) else { return false }
            left = right
        }
        return true
    }

    func compare(_ operation: TemplateComparison, _ left: TemplateValue, _ right: TemplateValue) throws -> Bool {
        switch operation {
        case .equal: try equal(left, right)
        case .notEqual: try !equal(left, right)
        case .less: try order(left, right, "<") { $0 < 0 }
        case .lessOrEqual: try order(left, right, "<=") { $0 <= 0 }
        case .greater: try order(left, right, ">") { $0 > 0 }
        case .greaterOrEqual: try order(left, right, ">=") { $0 >= 0 }
        case .isIn: try contains(left, in: right)
        case .isNotIn: try !contains(left, in: right)
        }
    }

    func equal(_ left: TemplateValue, _ right: TemplateValue) throws -> Bool {
        try step()
        switch (left, right) {
        case (.string(let left), .string(let right)), (.markup(let left), .string(let right)),
            (.string(let left), .markup(let right)), (.markup(let left), .markup(let right)):
            return PythonText.equal(left, right)
        case (.undefined, .undefined), (.none, .none): return true
        case (.largeInteger(let left), .largeInteger(let right)): return left == right
        case (.largeInteger(let digits), .number(let number)), (.number(let number), .largeInteger(let digits)):
            return PythonNumber.wholeDigits(number) == digits
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            guard left.items.count == right.items.count else { return false }
            return try zip(left.items, right.items).allSatisfy { try equal($0, $1) }
        case (.dictionary(let left), .dictionary(let right)):
            guard left.count == right.count else { return false }
            return try left.items.allSatisfy { item in
                guard let other = right[item.key] else { return false }
                return try equal(item.value, other)
            }
        case (.generator(let left), .generator(let right)): return left === right
        case (.namespace(let left), .namespace(let right)): return left === right
        case (.loop(let left), .loop(let right)): return left === right
        case (.macro(let left), .macro(let right)): return left == right
        case (.function(let left), .function(let right)): return left == right
        default: break
        }
        if let left = integer(left), let right = integer(right) { return left == right }
        if let left = double(left), let right = double(right) { return left == right }
        return false
    }

    private func order(_ left: TemplateValue, _ right: TemplateValue, _ name: String, _ holds: (Int) -> Bool) throws
        -> Bool
    {
        // Nothing is less, equal or greater than "not a number".
        if let left = double(left), let right = double(right), left.isNaN || right.isNaN { return false }
        return holds(try ordering(left, right, name))
    }

    /// Negative, zero or positive, as `left` is less than, equal to or greater than `right`.
    func ordering(_ left: TemplateValue, _ right: TemplateValue, _ operation: String = "<") throws -> Int {
        try step()
        if let left = integer(left), let right = integer(right) { return left < right ? -1 : left == right ? 0 : 1 }
        if let left = digits(left), let right = digits(right) { return PythonNumber.order(left, right) }
        if let left = double(left), let right = double(right) { return left < right ? -1 : left == right ? 0 : 1 }
        if let left = left.string, let right = right.string {
            return PythonText.equal(left, right) ? 0 : PythonText.precedes(left, right) ? -1 : 1
        }
        switch (left, right) {
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (left, right) in zip(left.items, right.items) where try !equal(left, right) {
                return try ordering(left, right, operation)
            }
            return left.items.count - right.items.count
        default: throw mismatch(operation, left, right)
        }
    }

    func contains(_ item: TemplateValue, in container: TemplateValue) throws -> Bool {
        switch container {
        case .string(let text), .markup(let text):
            guard let part = item.string else { throw mismatch("in", item, container) }
            try step(1 + text.utf8.count / 64)
            return PythonText.contains(part, in: text)
        case .list(let list), .tuple(let list):
            return try list.items.contains { try equal($0, item) }
        case .generator(let generator):
            // What stands before the item is gone afterwards, as in Python.
            while let next = generator.next() { if try equal(next, item) { return true } }
            return false
        case .dictionary(let dictionary):
            if case .string(let key) = item { return dictionary[key] != nil }
            return dictionary[try key(item)] != nil
        case .undefined: return false
        default: throw failure(.value, "\(container.typeName) holds nothing that 'in' could find")
        }
    }
}
