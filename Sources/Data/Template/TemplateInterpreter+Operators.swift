import Foundation

/// Arithmetic and iteration, as Python defines them.
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
    func digits(_ value: TemplateValue) -> String? {
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

    func mismatch(_ operation: String, _ values: TemplateValue...) -> TemplateError {
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
