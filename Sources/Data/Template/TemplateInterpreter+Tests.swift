/// Jinja's tests: what may stand after `is`.
extension TemplateInterpreter {
    func test(_ name: String, _ value: TemplateValue, _ arguments: TemplateArguments) throws -> Bool {
        switch name {
        case "defined": if case .undefined = value { false } else { true }
        case "undefined": if case .undefined = value { true } else { false }
        case "none": if case .none = value { true } else { false }
        case "boolean": if case .bool = value { true } else { false }
        case "true": if case .bool(true) = value { true } else { false }
        case "false": if case .bool(false) = value { true } else { false }
        case "integer": if case .integer = value { true } else { false }
        case "float": if case .number = value { true } else { false }
        // A boolean is a number in Python, though not an integer in Jinja.
        case "number": double(value) != nil
        case "string": if case .string = value { true } else { false }
        case "mapping": if case .dictionary = value { true } else { false }
        case "sequence": isSequence(value)
        case "iterable": isIterable(value)
        case "callable": isCallable(value)
        case "even", "odd": try remainder(value, 2) == (name == "even" ? 0 : 1)
        case "divisibleby": try isDivisible(value, by: try operand(arguments, name))
        case "lower", "upper": PythonText.isAll(upper: name == "upper", try text(of: value))
        case "in": try contains(value, in: try operand(arguments, name))
        case "sameas": try isSame(value, try operand(arguments, name))
        case "eq", "equalto": try compare(.equal, value, try operand(arguments, name))
        case "ne": try compare(.notEqual, value, try operand(arguments, name))
        case "lt", "lessthan": try compare(.less, value, try operand(arguments, name))
        case "le": try compare(.lessOrEqual, value, try operand(arguments, name))
        case "gt", "greaterthan": try compare(.greater, value, try operand(arguments, name))
        case "ge": try compare(.greaterOrEqual, value, try operand(arguments, name))
        // The comparisons by sign, as `selectattr("a", "==", 1)` writes them.
        case "==": try compare(.equal, value, try operand(arguments, name))
        case "!=": try compare(.notEqual, value, try operand(arguments, name))
        case "<": try compare(.less, value, try operand(arguments, name))
        case "<=": try compare(.lessOrEqual, value, try operand(arguments, name))
        case ">": try compare(.greater, value, try operand(arguments, name))
        case ">=": try compare(.greaterOrEqual, value, try operand(arguments, name))
        default: throw failure(.syntax, "there is no test '\(name)'")
        }
    }

    private func operand(_ arguments: TemplateArguments, _ name: String) throws -> TemplateValue {
        guard arguments.positional.count == 1, arguments.named.isEmpty else {
            throw failure(.value, "the test '\(name)' takes one argument")
        }
        return arguments.positional[0]
    }

    private func isSequence(_ value: TemplateValue) -> Bool {
        switch value {
        // Undefined has a length and items as far as Jinja's test looks.
        case .string, .list, .tuple, .dictionary, .undefined: true
        default: false
        }
    }

    private func isIterable(_ value: TemplateValue) -> Bool {
        switch value {
        case .generator, .loop: true
        default: isSequence(value)
        }
    }

    private func isCallable(_ value: TemplateValue) -> Bool {
        switch value {
        // Jinja's undefined can be called, if only to fail.
        case .macro, .function, .method, .undefined: true
        default: false
        }
    }

    private func remainder(_ value: TemplateValue, _ divisor: Int) throws -> Int {
        guard let number = integer(value), let remainder = PythonNumber.modulo(number, divisor) else {
            throw failure(.value, "\(value.typeName) is neither even nor odd")
        }
        return remainder
    }

    private func isDivisible(_ value: TemplateValue, by divisor: TemplateValue) throws -> Bool {
        guard let number = integer(value), let divisor = integer(divisor),
            let remainder = PythonNumber.modulo(number, divisor)
        else { throw failure(.value, "'divisibleby' needs integers and a divisor that is not zero") }
        return remainder == 0
    }

    /// Python's `is`, as far as templates use it: for `none` and booleans.
    private func isSame(_ left: TemplateValue, _ right: TemplateValue) throws -> Bool {
        switch (left, right) {
        case (.bool(let left), .bool(let right)): left == right
        case (.bool, _), (_, .bool): false
        default: try equal(left, right)
        }
    }
}
