/// Macros and call blocks.
extension TemplateInterpreter {
    func makeMacro(_ macro: TemplateMacro) throws -> TemplateValue {
        macros.append((macro, scope))
        try reserve(bytes: 64)
        return .macro(macros.count - 1)
    }

    /// `{% call(x) callee(arguments) %}body{% endcall %}`: a call that is given the body as a macro named `caller`.
    func runCall(_ body: TemplateMacro, _ callee: TemplateExpression, _ call: TemplateCall, line: Int) throws {
        let function = try evaluate(callee)
        var arguments = try evaluate(call)
        guard !arguments.named.contains(where: { $0.name == "caller" }) else {
            throw failure(.value, "a call block gives the argument 'caller' itself")
        }
        arguments.named.append(("caller", try makeMacro(body)))
        self.line = line
        try write(try self.call(function, arguments))
    }

    func callMacro(_ index: Int, _ arguments: TemplateArguments) throws -> TemplateValue {
        // The frames of a call are more than those of one level.
        try enter()
        defer { leave() }
        let (macro, enclosing) = macros[index]
        let inner = TemplateScope(in: enclosing)
        let given = try bind(arguments, to: macro, in: inner)
        let calling = line
        let text = try captured(in: inner) {
            for (parameter, value) in zip(macro.parameters, given) {
                if let value {
                    inner.set(parameter.name, value)
                } else if let standard = parameter.standard {
                    inner.set(parameter.name, try evaluate(standard))
                } else {
                    inner.set(parameter.name, .undefined(parameter.name, .parameter))
                }
            }
            _ = try run(macro.body)
        }
        line = calling
        return try made(text)
    }

    /// The values of the macro's parameters, nil where none was given. What is left over goes to `varargs`, `kwargs`
    /// and `caller`, where the body looks at them.
    private func bind(_ arguments: TemplateArguments, to macro: TemplateMacro, in inner: TemplateScope) throws
        -> [TemplateValue?]
    {
        let names = macro.parameters.map(\.name)
        guard macro.usesOthers || macro.usesNamedOthers || macro.usesCaller else {
            return try arguments.bound(to: names, in: self)
        }
        var arguments = arguments
        if macro.usesOthers {
            inner.set("varargs", .tuple(try made(Array(arguments.positional.dropFirst(names.count)))))
            arguments.positional = Array(arguments.positional.prefix(names.count))
        }
        if macro.usesCaller, !names.contains("caller") {
            let place = arguments.named.firstIndex { $0.name == "caller" }
            inner.set("caller", place.map { arguments.named.remove(at: $0).value } ?? .undefined("no caller is defined"))
        }
        if macro.usesNamedOthers {
            // A parameter that its place already fills leaves its name to `kwargs`.
            let open = names.dropFirst(arguments.positional.count)
            var others = TemplateDictionary()
            for (name, value) in arguments.named where !open.contains(name) { others[name] = value }
            arguments.named.removeAll { !open.contains($0.name) }
            inner.set("kwargs", .dictionary(others))
        }
        return try arguments.bound(to: names, in: self)
    }

    /// What a macro tells of itself: `name.arguments` and so on.
    func macroAttribute(_ name: String, of macro: TemplateMacro) -> TemplateValue? {
        switch name {
        case "name": .string(macro.name)
        case "arguments": .tuple(TemplateList(macro.parameters.map { .string($0.name) }))
        case "catch_varargs": .bool(macro.usesOthers)
        case "catch_kwargs": .bool(macro.usesNamedOthers)
        case "caller": .bool(macro.usesCaller)
        default: nil
        }
    }
}
