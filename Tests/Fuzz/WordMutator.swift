/// Changes a text word by word: a program that is changed letter by letter hardly ever runs.
struct WordMutator {
    private let mutator: Mutator

    init(_ mutator: Mutator) { self.mutator = mutator }

    func mutated(_ base: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var words = Self.words(base)
        for _ in 0..<1 + random.below(random.chance(50) ? 2 : 6) where !words.isEmpty {
            let place = random.below(words.count)
            let length = min(random.length(random.chance(50) ? 4 : 32), words.count - place)
            switch random.below(8) {
            case 0: words.removeSubrange(place..<place + length)
            case 1: words.insert(contentsOf: words[place..<place + length], at: random.below(words.count + 1))
            case 2, 3: words[place] = random.pick(mutator.dictionary)
            case 4: words.insert(random.pick(mutator.dictionary), at: place)
            case 5: words.swapAt(place, random.below(words.count))
            case 6:
                let other = Self.words(random.pick(mutator.seeds))
                let start = random.below(other.count)
                words.insert(contentsOf: other[start..<min(other.count, start + length)], at: place)
            default:
                let word = random.pick(mutator.dictionary)
                words.insert(contentsOf: repeatElement(word, count: random.length(2000)), at: place)
            }
        }
        return Array(words.joined())
    }

    /// Runs of letters and digits, of blanks, and pairs of signs as Jinja has them.
    private static func words(_ bytes: [UInt8]) -> [[UInt8]] {
        enum Kind { case word, blank, brace, sign }
        func kind(_ byte: UInt8) -> Kind {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...: .word
            case 0x20, 0x09, 0x0A, 0x0D: .blank
            case 0x7B, 0x7D, 0x25, 0x23: .brace
            default: .sign
            }
        }
        var words: [[UInt8]] = []
        var last = Kind.sign
        for byte in bytes {
            let next = kind(byte)
            if next == last, next != .sign, !words.isEmpty { words[words.count - 1].append(byte) } else { words.append([byte]) }
            last = next
        }
        return words
    }
}
