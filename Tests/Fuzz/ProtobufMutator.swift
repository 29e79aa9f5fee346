/// Changes fields of a protocol buffer and writes it again, with the right lengths.
struct ProtobufMutator {
    private let mutator: Mutator

    init(_ mutator: Mutator) { self.mutator = mutator }

    /// - Returns: `nil` for what is no protocol buffer
    func mutated(_ base: [UInt8], _ random: inout SplitMix) -> [UInt8]? {
        guard var fields = Self.fields(base), !fields.isEmpty else { return nil }
        for _ in 0..<1 + random.below(random.chance(60) ? 1 : 4) where !fields.isEmpty { change(&fields, depth: 0, &random) }
        return Self.encoded(fields)
    }

    private struct Field {
        /// The number and the wire type.
        var key: UInt64
        var value: Value

        enum Value {
            case integer(UInt64)
            /// With its length before it.
            case bytes([UInt8])
            /// Of four or eight bytes.
            case fixed([UInt8])
        }
    }

    private func change(_ fields: inout [Field], depth: Int, _ random: inout SplitMix) {
        // A number at random first: pieces are many, and would hide the two specifications.
        let key = random.pick(Array(Set(fields.map(\.key))).sorted())
        let place = random.pick(fields.indices.filter { fields[$0].key == key })
        switch random.below(12) {
        case 0: fields.remove(at: place)
        case 1: fields.insert(fields[place], at: random.below(fields.count + 1))
        case 2: fields.swapAt(place, random.below(fields.count))
        case 3 where random.chance(30): fields.insert(contentsOf: repeatElement(fields[place], count: random.length(500)), at: place)
        case 4 where random.chance(30): fields[place].key = random.chance(50) ? UInt64(random.below(400)) : mutator.integer(&random)
        case 5:
            guard let other = Self.fields(random.pick(mutator.seeds)), !other.isEmpty else { return }
            fields.insert(random.pick(other), at: place)
        default: fields[place].value = changed(fields[place].value, depth: depth, &random)
        }
    }

    private func changed(_ value: Field.Value, depth: Int, _ random: inout SplitMix) -> Field.Value {
        switch value {
        case .integer(let number): return .integer(random.chance(30) ? number ^ 1 : mutator.integer(&random))
        case .fixed(let bytes):
            let single: [Float] = [0, -0.0, 1, -1, 1e30, -1e30, .nan, .infinity, -.infinity, .leastNonzeroMagnitude]
            guard bytes.count == 4, random.chance(70) else { return .fixed(bytes.map { _ in UInt8(random.below(256)) }) }
            let bits = random.pick(single).bitPattern
            return .fixed((0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
        case .bytes(let bytes):
            if depth < 3, random.chance(80), var fields = Self.fields(bytes), !fields.isEmpty {
                change(&fields, depth: depth + 1, &random)
                return .bytes(Self.encoded(fields))
            }
            return .bytes(random.chance(30) ? random.pick(mutator.dictionary) : mutator.bytes(bytes, &random))
        }
    }

    private static func fields(_ bytes: [UInt8]) -> [Field]? {
        var fields: [Field] = []
        var place = 0
        func integer() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard place < bytes.count else { return nil }
                let byte = bytes[place]
                place += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        func take(_ count: Int) -> [UInt8]? {
            guard count <= bytes.count - place else { return nil }
            defer { place += count }
            return Array(bytes[place..<place + count])
        }
        while place < bytes.count {
            guard let key = integer(), key >> 3 > 0 else { return nil }
            switch key & 7 {
            case 0:
                guard let value = integer() else { return nil }
                fields.append(Field(key: key, value: .integer(value)))
            case 1, 5:
                guard let value = take(key & 7 == 1 ? 8 : 4) else { return nil }
                fields.append(Field(key: key, value: .fixed(value)))
            case 2:
                guard let length = integer(), length <= UInt64(bytes.count), let value = take(Int(length)) else { return nil }
                fields.append(Field(key: key, value: .bytes(value)))
            default: return nil
            }
        }
        return fields
    }

    private static func encoded(_ fields: [Field]) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ integer: UInt64) {
            var rest = integer
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        for field in fields {
            append(field.key)
            switch field.value {
            case .integer(let value): append(value)
            case .fixed(let value): bytes += value
            case .bytes(let value):
                append(UInt64(value.count))
                bytes += value
            }
        }
        return bytes
    }
}
