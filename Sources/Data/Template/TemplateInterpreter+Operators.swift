import Foundation

/// Arithmetic, comparison and iteration, as Python defines them.
extension TemplateInterpreter {
    // MARK: Numbers

    /// The value as an integer, booleans being 0 and 1.
    func integer(_ value: TemplateValue) -> Int? {
        switch value {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    func double(_ value: TemplateValue) -> Double? {
        switch value {
        case .number(let value): value
        case .largeInteger(let digits): Double(digits)
        default: integer(value).map(Double.init)
        }
    }

    private func isInteger(_ value: TemplateValue) -> Bool { value.kind == .integer || value.kind == .bool }

    /// The digits of an integer of any size.
    private func digits(_ value: TemplateValue) -> String? {
        if case .largeInteger(let digits) = value { return digits }
        return integer(value).map { String($0) }
    }

    func numeric(_ value: TemplateValue, for operation: String) throws -> TemplateValue {
        if let value = integer(value) { return .integer(value) }
        switch value {
        case .number, .largeInteger: return value
        default: throw mismatch(operation, value)
        }
    }

    func negated(_ value: TemplateValue) throws -> TemplateValue {
        switch try numeric(value, for: "-") {
        case .integer(let value): TemplateValue(digits: value == .min ? "\(value.magnitude)" : "\(-value)")
        case .largeInteger(let digits): TemplateValue(digits: digits.hasPrefix("-") ? "\(digits.dropFirst())" : "-\(digits)")
        case .number(let value): .number(-value)
        default: throw mismatch("-", value)
        }
    }

    private func overflow() -> TemplateError {
        failure(.value, "the integer is too large to calculate with (more than 64 bits)")
    }

    private func mismatch(_ operation: String, _ values: TemplateValue...) -> TemplateError {
        for value in values {
            if case .undefined(let undefined) = value { return failure(.undefined, undefined.reason) }
        }
        return failure(.value, "'\(operation)' does not work on \(values.map(\.typeName).joined(separator: " and "))")
    }

    // MARK: Arithmetic

    /// A value and what is added to it, subtracted from it and so on, from left to right.
    func arithmeticValue(
        _ first: TemplateValue, _ operations: ArraySlice<(operation: TemplateSymbol, operand: TemplateExpression)>,
        line: Int
    ) throws -> TemplateValue {
        var result = first
        // Templates join long chains of strings, which are put together at once.
        var parts: [String] = []
        for place in operations.indices {
            let operation = operations[place].operation
            let operand = try evaluate(operations[place].operand)
            self.line = line
            if operation == .plus, case .string(let part) = operand {
                if parts.isEmpty, case .string(let text) = result {
                    parts.reserveCapacity(operations.count + 1)
                    parts.append(text)
                }
                if !parts.isEmpty {
                    parts.append(part)
                    continue
                }
            }
            if !parts.isEmpty {
                result = .string(try joined(parts))
                parts.removeAll()
            }
            result = try arithmetic(operation, result, operand)
        }
        return parts.isEmpty ? result : .string(try joined(parts))
    }

    private func joined(_ parts: [String]) throws -> String {
        var count = 0
        for part in parts { count += part.utf8.count }
        try reserve(bytes: count)
        var text = ""
        text.reserveCapacity(count)
        for part in parts { text += part }
        return text
    }

    func arithmetic(_ operation: TemplateSymbol, _ left: TemplateValue, _ right: TemplateValue) throws -> TemplateValue {
        if let left = integer(left), let right = integer(right) {
            return try arithmetic(operation, left, right)
        }
        // A quotient is a floating-point number anyway.
        if operation != .divide, isInteger(left), isInteger(right) { throw overflow() }
        if let left = double(left), let right = double(right) {
            return .number(try arithmetic(operation, left, right))
        }
        switch (operation, left, right) {
        case (.plus, .string(let left), .string(let right)): return try made(left + right)
        case (.plus, .markup, .string), (.plus, .string, .markup), (.plus, .markup, .markup):
            return try made(try escapedText(of: left) + escapedText(of: right), isMarkup: true)
        case (.plus, .list(let left), .list(let right)): return .list(try made(left.items + right.items))
        case (.plus, .tuple(let left), .tuple(let right)): return .tuple(try made(left.items + right.items))
        case (.times, .string(let text), let count), (.times, let count, .string(let text)):
            guard let count = integer(count) else { break }
            return .string(try repeated(text, count))
        case (.times, .markup(let text), let count), (.times, let count, .markup(let text)):
            guard let count = integer(count) else { break }
            return .markup(try repeated(text, count))
        case (.times, .list(let list), let count), (.times, let count, .list(let list)):
            guard let count = integer(count) else { break }
            return .list(try made(try repeated(list.items, count)))
        case (.times, .tuple(let list), let count), (.times, let count, .tuple(let list)):
            guard let count = integer(count) else { break }
            return .tuple(try made(try repeated(list.items, count)))
        case (.modulo, .string(let format), _): return .string(try percentFormatted(format, right, isMarkup: false))
        case (.modulo, .markup(let format), _): return .markup(try percentFormatted(format, right, isMarkup: true))
        default: break
        }
        throw mismatch(operation.rawValue, left, right)
    }

    private func arithmetic(_ operation: TemplateSymbol, _ left: Int, _ right: Int) throws -> TemplateValue {
        let result: Int?
        switch operation {
        case .plus: result = checked(left.addingReportingOverflow(right))
        case .minus: result = checked(left.subtractingReportingOverflow(right))
        case .times: result = checked(left.multipliedReportingOverflow(by: right))
        case .divide: return .number(try arithmetic(.divide, Double(left), Double(right)))
        case .floorDivide, .modulo:
            guard right != 0 else { throw failure(.value, "division by zero") }
            result =
                operation == .modulo
                ? PythonNumber.modulo(left, right) : PythonNumber.floorDivide(left, right)
        default:
            if right < 0 {
                guard left != 0 else { throw failure(.value, "division by zero") }
                return .number(try arithmetic(.power, Double(left), Double(right)))
            }
            result = PythonNumber.power(left, right)
        }
        guard let result else { throw overflow() }
        return .integer(result)
    }

    private func checked(_ result: (partialValue: Int, overflow: Bool)) -> Int? {
        result.overflow ? nil : result.partialValue
    }

    private func arithmetic(_ operation: TemplateSymbol, _ left: Double, _ right: Double) throws -> Double {
        switch operation {
        case .plus: return left + right
        case .minus: return left - right
        case .times: return left * right
        case .power:
            let result = pow(left, right)
            // Python has complex numbers for the roots of negative ones, and an error for what is too large.
            guard result.isFinite || !left.isFinite || !right.isFinite else {
                throw failure(.value, "the power of \(left) to \(right) is no number")
            }
            return result
        default:
            guard right != 0 else { throw failure(.value, "division by zero") }
            switch operation {
            case .divide: return left / right
            case .floorDivide: return PythonNumber.floorDivide(left, right)
            default: return PythonNumber.modulo(left, right)
            }
        }
    }

    func repeated(_ text: String, _ count: Int) throws -> String {
        try reserve(bytes: text.utf8.count, times: count)
        return text.isEmpty ? "" : String(repeating: text, count: max(0, count))
    }

    private func repeated(_ items: [TemplateValue], _ count: Int) throws -> [TemplateValue] {
        try reserve(bytes: items.count * MemoryLayout<TemplateValue>.stride, times: count)
        return items.isEmpty ? [] : (0..<max(0, count)).flatMap { _ in items }
    }

    // MARK: Comparison

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

    // MARK: Iteration

    /// What a loop over the value goes through.
    func iterate(_ value: TemplateValue) throws -> [TemplateValue] {
        switch value {
        case .undefined: return []
        case .list(let list), .tuple(let list): return list.items
        case .generator(let generator): return generator.rest()
        case .dictionary(let dictionary):
            try step(dictionary.count)
            return dictionary.keys
        // Characters of markup are plain.
        case .string(let text), .markup(let text):
            try reserve(bytes: text.unicodeScalars.count * MemoryLayout<TemplateValue>.stride)
            return text.unicodeScalars.map { .string(String($0)) }
        default: throw failure(.value, "\(value.typeName) cannot be iterated")
        }
    }
}
