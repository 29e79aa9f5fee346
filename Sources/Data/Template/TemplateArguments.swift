/// The values of a call's arguments.
struct TemplateArguments {
    var positional: [TemplateValue] = []
    var named: [(name: String, value: TemplateValue)] = []

    /// The values by parameter, nil where none was given. Throws for one too many, unknown or given twice.
    func bound(to parameters: [String], in interpreter: TemplateInterpreter) throws -> [TemplateValue?] {
        guard positional.count <= parameters.count else {
            throw interpreter.failure(.value, "\(positional.count) arguments where at most \(parameters.count) fit")
        }
        var values: [TemplateValue?] = positional
        values += Array(repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let place = parameters.firstIndex(of: name) else {
                throw interpreter.failure(.value, "unknown argument '\(name)'")
            }
            guard values[place] == nil else {
                throw interpreter.failure(.value, "the argument '\(name)' is given twice")
            }
            values[place] = value
        }
        return values
    }

    var isEmpty: Bool { positional.isEmpty && named.isEmpty }

    /// The value of the only parameter, nil where it was not given.
    func single(_ parameter: String, in interpreter: TemplateInterpreter) throws -> TemplateValue? {
        // Most calls have nothing in their parentheses, or one value.
        if named.isEmpty, positional.count <= 1 { return positional.first }
        return try bound(to: [parameter], in: interpreter)[0]
    }

    /// Throws where there are arguments.
    func expectNone(in interpreter: TemplateInterpreter) throws {
        if !isEmpty { _ = try bound(to: [], in: interpreter) }
    }
}
