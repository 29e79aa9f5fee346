import Foundation

/// The functions that every template finds: `range`, `namespace`, `dict`, `raise_exception`, `strftime_now`.
extension TemplateInterpreter {
    func call(_ function: TemplateFunction, _ arguments: TemplateArguments) throws -> TemplateValue {
        switch function {
        case .range: return .list(try made(try range(arguments)))
        case .namespace:
            let attributes = try dictionary(from: arguments)
            for name in attributes.items.compactMap(\.key.string) where name.hasPrefix("_") {
                throw failure(.value, "a namespace cannot hold '\(name)': its name begins with '_'")
            }
            return makeNamespace(attributes)
        case .dictionary: return .dictionary(try dictionary(from: arguments))
        case .raiseException:
            let message = try arguments.single("message", in: self)
            throw failure(.raised, try text(of: message ?? .none))
        case .formattedNow:
            guard let format = try arguments.single("format", in: self)?.string else {
                throw failure(.value, "strftime_now needs a format")
            }
            return try made(formattedNow(format))
        }
    }

    private func range(_ arguments: TemplateArguments) throws -> [TemplateValue] {
        let bounds = try arguments.bound(to: ["start", "stop", "step"], in: self).compactMap { $0 }.map { value in
            guard let bound = integer(value) else {
                throw failure(.value, "range needs integers, not \(value.typeName)")
            }
            return bound
        }
        guard let first = bounds.first else { throw failure(.value, "range needs an argument") }
        let (start, stop) = bounds.count == 1 ? (0, first) : (first, bounds[1])
        let step = bounds.count == 3 ? bounds[2] : 1
        guard step != 0 else { throw failure(.value, "the step of a range cannot be zero") }
        var numbers: [TemplateValue] = []
        for number in stride(from: start, to: stop, by: step) {
            guard numbers.count < TemplateBudget.rangeLimit else {
                throw failure(.limit, "a range has at most \(TemplateBudget.rangeLimit) numbers")
            }
            numbers.append(.integer(number))
        }
        return numbers
    }

    /// `dict(pairs, name=value)`.
    private func dictionary(from arguments: TemplateArguments) throws -> TemplateDictionary {
        guard arguments.positional.count <= 1 else { throw failure(.value, "at most one positional argument fits") }
        var result = TemplateDictionary()
        switch arguments.positional.first {
        case nil: break
        case .dictionary(let dictionary)?: result = dictionary
        case .undefined(let undefined)?: throw failure(.undefined, undefined.reason)
        case let pairs?:
            for pair in try iterate(pairs) {
                let items = try iterate(pair)
                guard items.count == 2 else {
                    throw failure(.value, "a dictionary is made of pairs of a key and a value")
                }
                result[try key(items[0])] = items[1]
            }
        }
        for (name, value) in arguments.named { result[name] = value }
        try reserve(bytes: result.count * MemoryLayout<TemplateDictionary.Item>.stride)
        try checkDepth(result.depth)
        return result
    }

    /// `dict.fromkeys(keys, value)`.
    func dictionaryFromKeys(_ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["iterable", "value"], in: self)
        guard let keys = values[0] else { throw failure(.value, "'fromkeys' needs keys") }
        var result = TemplateDictionary()
        let value = values[1] ?? TemplateValue.none
        for item in try iterate(keys) { result[try key(item)] = value }
        try reserve(bytes: result.count * MemoryLayout<TemplateDictionary.Item>.stride)
        try checkDepth(result.depth)
        return .dictionary(result)
    }

    /// The local time in C's `strftime` format.
    private func formattedNow(_ format: String) -> String {
        var seconds = time_t(now)
        var local = tm()
        localtime_r(&seconds, &local)
        // A format can be empty of characters or expand to several hundred; more than this is no date.
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = strftime(&buffer, buffer.count, format, &local)
        return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
