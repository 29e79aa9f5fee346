/// Jinja's tests: what may stand after `is`.
extension TemplateInterpreter {
    func test(_ name: TemplateTestName, _ value: TemplateValue, _ arguments: TemplateArguments) throws -> Bool {
        switch name {
        case .known(let name):
            if let comparison = name.comparison {
                return try compare(comparison, value, try operand(arguments, name.rawValue))
            }
            switch name {
            case .divisibleby, .sameas:
                let operand = try operand(arguments, name.rawValue)
                return name == .sameas ? try isSame(value, operand) : try remainder(value, operand) == 0
            default:
                guard arguments.positional.isEmpty, arguments.named.isEmpty else {
                    throw failure(.value, "the test '\(name.rawValue)' takes no argument")
                }
                return try plainTest(name, value)
            }
        case .other(let name): throw failure(.syntax, "there is no test '\(name)'")
        }
    }

    private func plainTest(_ name: TemplateTestName.Known, _ value: TemplateValue) throws -> Bool {
        switch name {
        case .defined: !value.isUndefined
        case .undefined: value.isUndefined
        case .none: value.isNone
        case .string: value.string != nil
        case .mapping: if case .dictionary = value { true } else { false }
        case .boolean: if case .bool = value { true } else { false }
        case .isTrue: if case .bool(true) = value { true } else { false }
        case .isFalse: if case .bool(false) = value { true } else { false }
        case .integer: value.kind == .integer
        case .float: value.kind == .number
        // A boolean is a number in Python, though not an integer in Jinja.
        case .number: double(value) != nil
        case .sequence: isSequence(value)
        case .iterable: isIterable(value)
        case .callable: isCallable(value)
        case .escaped: if case .markup = value { true } else { false }
        case .even: try remainder(value, .integer(2)) == 0
        case .odd: try remainder(value, .integer(2)) == 1
        case .lower, .upper: PythonText.isAll(upper: name == .upper, try text(of: value))
        case .filter: TemplateFilterName.exists(try requiredText(value, "filter"))
        case .test: TemplateTestName.Known(rawValue: try requiredText(value, "test")) != nil
        default: false
        }
    }

    private func operand(_ arguments: TemplateArguments, _ name: String) throws -> TemplateValue {
        guard arguments.positional.count + arguments.named.count == 1 else {
            throw failure(.value, "the test '\(name)' takes one argument")
        }
        return arguments.positional.first ?? arguments.named[0].value
    }

    private func isSequence(_ value: TemplateValue) -> Bool {
        switch value {
        // Undefined has a length and items as far as Jinja's test looks.
        case .string, .markup, .list, .tuple, .dictionary, .undefined: true
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
        // Jinja's undefined and its loop can be called, if only to fail.
        case .macro, .function, .method, .undefined, .loop: true
        default: false
        }
    }

    private func remainder(_ value: TemplateValue, _ divisor: TemplateValue) throws -> Double? {
        guard double(value) != nil, double(divisor) != nil else {
            throw failure(.value, "\(value.typeName) cannot be divided by \(divisor.typeName)")
        }
        return double(try arithmetic(.modulo, value, divisor))
    }

    /// Python's `is`, as far as templates use it: for `none` and booleans.
    private func isSame(_ left: TemplateValue, _ right: TemplateValue) throws -> Bool {
        switch (left, right) {
        case (.bool(let left), .bool(let right)): left == right
        case (.bool, _), (_, .bool): false
        case (.number, .integer), (.integer, .number), (.undefined, .undefined): false
        default: try equal(left, right)
        }
    }
}
