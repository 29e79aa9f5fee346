import Foundation

/// The filters that make numbers.
extension TemplateInterpreter {
    func magnitude(_ value: TemplateValue) throws -> TemplateValue {
        switch try numeric(value, for: "abs") {
        case .number(let number): .number(number.magnitude)
        case .integer(let number) where number < 0: try negated(value)
        case .largeInteger(let digits) where digits.hasPrefix("-"): try negated(value)
        case let number: number
        }
    }

    func toInteger(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["default", "base"], in: self)
        let base = try optionalInteger(values[1], "int") ?? 10
        let standard = values[0] ?? .integer(0)
        var number: Double?
        switch value {
        case .string(let text), .markup(let text):
            guard base == 0 || (2...36).contains(base) else { return standard }
            if let integer = PythonNumber.integer(text, base: base) { return integer }
            // "42.23" gives 42 in Jinja.
            number = PythonNumber.double(text)
        case .number(let value): number = value
        case .undefined(let undefined): throw failure(.undefined, undefined.reason)
        case .largeInteger: return value
        default: return integer(value).map { .integer($0) } ?? standard
        }
        return number.flatMap { PythonNumber.wholeDigits($0.rounded(.towardZero)) }.map { TemplateValue(digits: $0) }
            ?? standard
    }

    func toNumber(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let standard = try arguments.single("default", in: self) ?? .number(0)
        switch value {
        case .string(let text), .markup(let text): return PythonNumber.double(text).map { .number($0) } ?? standard
        case .undefined(let undefined): throw failure(.undefined, undefined.reason)
        default: return double(value).map { .number($0) } ?? standard
        }
    }

    func rounded(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["precision", "method"], in: self)
        guard let number = double(value) else { throw failure(.value, "'round' needs a number, not \(value.typeName)") }
        let precision = try optionalInteger(values[0], "round") ?? 0
        let method = try optionalText(values[1], "round") ?? "common"
        var scale = 1.0
        for _ in 0..<min(15, precision.magnitude) { scale *= 10 }
        if precision < 0 { scale = 1 / scale }
        switch method {
        case "common":
            // Python rounds an integer to an integer.
            if value.kind != .number, precision >= 0 { return try numeric(value, for: "round") }
            guard value.kind == .number, (0...15).contains(precision) else { break }
            // The digits of the exact value decide, as in Python; scaling would round twice.
            return .number(number.isFinite ? Double(String(format: "%.*f", precision, number)) ?? number : number)
        case "ceil", "floor":
            guard (-15...15).contains(precision), number.isFinite else { break }
            let whole = (number * scale).rounded(method == "ceil" ? .up : .down)
            return .number(whole / scale)
        default: throw failure(.value, "'round' knows common, ceil and floor, not '\(method)'")
        }
        throw failure(.value, "'round' cannot round \(value.typeName) to a precision of \(precision)")
    }
}
