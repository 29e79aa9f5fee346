import Tensor

/// Changes values of JSON and writes it again, so that what reads the values is reached and not the parser alone.
struct JSONMutator {
    private let mutator: Mutator

    init(_ mutator: Mutator) { self.mutator = mutator }

    /// - Returns: `nil` for what is no JSON
    func mutated(_ base: [UInt8], _ random: inout SplitMix) -> [UInt8]? {
        guard var json = try? JSON(parsing: base) else { return nil }
        for _ in 0..<1 + random.below(random.chance(60) ? 1 : 4) { json = changed(json, depth: 0, &random) ?? .null }
        return Array(json.serialized.utf8)
    }

    /// Goes down to some value and changes it; `nil` to leave it out. A member of a small object is met as often as
    /// one of a large object, so vocabularies do not hide the rest.
    private func changed(_ json: JSON, depth: Int, _ random: inout SplitMix) -> JSON? {
        let goesOn = depth == 0 ? random.chance(97) : random.chance(75)
        switch json {
        case .array(var elements) where goesOn && !elements.isEmpty:
            let index = random.below(elements.count)
            if let element = changed(elements[index], depth: depth + 1, &random) {
                elements[index] = element
            } else {
                elements.remove(at: index)
            }
            return .array(elements)
        case .object(var members) where goesOn && !members.keys.isEmpty:
            let key = random.pick(members.keys)
            if let value = members[key] { members[key] = changed(value, depth: depth + 1, &random) }
            return .object(members)
        default: return replaced(json, &random)
        }
    }

    private func replaced(_ json: JSON, _ random: inout SplitMix) -> JSON? {
        switch random.below(15) {
        case 0: return nil
        case 1: return scalar(&random)
        case 2: return .array(Array(repeating: json, count: random.length(64)))
        case 3: return .object(["a": json])
        case 4:
            let other = try? JSON(parsing: random.pick(mutator.seeds))
            return other.map { part(of: $0, &random) } ?? scalar(&random)
        case 5:
            var nested = json
            for _ in 0..<random.length(600) { nested = random.chance(50) ? .array([nested]) : .object(["a": nested]) }
            return nested
        default: break
        }
        switch json {
        case .string(let text):
            if random.chance(40) { return .string(word(&random)) }
            return .string(String(decoding: mutator.bytes(Array(text.utf8), &random).prefix(4096), as: UTF8.self))
        case .array(var elements):
            if random.chance(50), !elements.isEmpty { elements.append(random.pick(elements)) } else { elements.append(scalar(&random)) }
            if random.chance(30) { elements.reverse() }
            return random.chance(10) ? [] : .array(elements)
        case .object(var members):
            if random.chance(50) { members[word(&random)] = scalar(&random) }
            if random.chance(50), let key = members.keys.first { members[word(&random)] = members[key] }
            return random.chance(10) ? [:] : .object(members)
        case .bool(let value): return .bool(!value)
        default: return scalar(&random)
        }
    }

    private func part(of json: JSON, _ random: inout SplitMix) -> JSON {
        var json = json
        while random.chance(70) {
            if let array = json.array, !array.isEmpty {
                json = random.pick(array)
            } else if let object = json.object, !object.keys.isEmpty, let member = object[random.pick(object.keys)] {
                json = member
            } else {
                break
            }
        }
        return json
    }

    private func scalar(_ random: inout SplitMix) -> JSON {
        switch random.below(8) {
        case 0: .null
        case 1: .bool(random.chance(50))
        case 2: .array([])
        case 3: .object([:])
        case 4: .string(word(&random))
        case 5: .number(random.pick([0.5, -0.0, 1e308, 1e-300, -1e300, 1e19, 2.5]))
        default: .integer(Int(truncatingIfNeeded: mutator.integer(&random)))
        }
    }

    private func word(_ random: inout SplitMix) -> String { random.pick(mutator.format.jsonWords) }
}
