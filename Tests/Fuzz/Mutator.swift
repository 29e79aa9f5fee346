/// Makes inputs. The input of a number follows from corpus, format, seed and number alone.
struct Mutator {
    let format: FuzzFormat
    let seeds: [[UInt8]]
    let dictionary: [[UInt8]]

    init(_ format: FuzzFormat, _ corpus: Corpus) {
        self.format = format
        seeds = corpus.seeds
        dictionary = format.dictionary
    }

    /// Inputs do not grow beyond this; what is bound by a file's size would only take longer.
    static let maximumSize = 1 << 16

    /// The first inputs are the seeds as they are.
    func input(_ number: Int, seed: UInt64) -> [UInt8] {
        if number < seeds.count { return seeds[number] }
        let place = FuzzFormat.allCases.firstIndex(of: format) ?? 0
        var random = SplitMix(seed, UInt64(place), UInt64(number))
        let base = random.pick(seeds)
        let mutated = structured(base, &random) ?? bytes(base, &random)
        return Array(mutated.prefix(Self.maximumSize))
    }

    /// Mutations that keep a share of the inputs whole where a reader would stop at once: checksums, lengths, quotes.
    private func structured(_ base: [UInt8], _ random: inout SplitMix) -> [UInt8]? {
        let way = random.below(100)
        switch format {
        case .pth:
            guard way < 65, var archive = PlainZip(base) else { return nil }
            if way < 12 { return PlainZip.repaired(bytes(base, &random)) }
            let pickle = archive.files.firstIndex { $0.name.hasSuffix("data.pkl") } ?? 0
            let index = random.chance(80) ? pickle : random.below(archive.files.count)
            archive.files[index].contents = bytes(archive.files[index].contents, &random)
            if random.chance(5) { archive.files.append(random.pick(archive.files)) }
            return archive.encoded
        case .safetensors:
            if base.first == UInt8(ascii: "{") { return way < 75 ? JSONMutator(self).mutated(base, &random) : nil }
            guard way < 65, base.count > 8 else { return nil }
            let length = base[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard length <= UInt64(base.count - 8) else { return nil }
            let (header, contents) = (Array(base[8..<8 + Int(length)]), Array(base[(8 + Int(length))...]))
            let changed = way < 40 ? JSONMutator(self).mutated(header, &random) : nil
            let new = changed ?? bytes(header, &random)
            return (0..<8).map { UInt8(truncatingIfNeeded: new.count >> ($0 * 8)) } + new + contents
        case .gguf:
            guard way < 75, base.count > 8 else { return nil }
            return base[..<8] + bytes(Array(base[8...]), &random)
        case .tokenizer: return way < 75 ? JSONMutator(self).mutated(base, &random) : nil
        case .jsonl:
            guard way < 65 else { return nil }
            var lines = base.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
            let index = random.below(lines.count)
            guard let line = JSONMutator(self).mutated(lines[index], &random) else { return nil }
            lines[index] = line
            return Array(lines.joined(separator: [10]))
        case .template: return way < 60 ? WordMutator(self).mutated(base, &random) : nil
        case .vocab:
            guard way < 75 else { return nil }
            let (vocabulary, merges) = TokenizerFileTarget.parts(base)
            guard way < 50, let changed = JSONMutator(self).mutated(vocabulary, &random) else {
                return vocabulary + LineMutator(self).mutated(merges, &random)
            }
            return changed + merges
        case .vocabtxt: return way < 60 ? LineMutator(self).mutated(base, &random) : nil
        case .tiktoken: return way < 75 ? LineMutator(self, isBase64: true).mutated(base, &random) : nil
        case .tekken: return way < 80 ? JSONMutator(self).mutated(base, &random) : nil
        case .sentencepiece: return way < 80 ? ProtobufMutator(self).mutated(base, &random) : nil
        }
    }

    /// One to eight changes of bytes.
    func bytes(_ base: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var bytes = base
        for _ in 0..<1 + random.below(random.chance(60) ? 1 : 8) { change(&bytes, &random) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        guard !bytes.isEmpty else { return bytes = random.pick(dictionary) }
        // Half of the places lie in the first quarter, where headers are.
        let place = random.below(random.chance(50) ? (bytes.count + 3) / 4 : bytes.count)
        let rest = bytes.count - place
        switch random.below(16) {
        case 0, 1: bytes[place] ^= 1 << UInt8(random.below(8))
        case 2: bytes[place] = UInt8(random.below(256))
        case 3: bytes[place] &+= UInt8(truncatingIfNeeded: 1 - 2 * random.below(2))
        case 4, 5: write(integer(&random), &bytes, at: place, size: 1 << random.below(4), isBig: random.chance(15))
        case 6: bytes.removeSubrange(place..<place + random.length(min(rest, 256)))
        case 7: bytes.insert(contentsOf: bytes[place..<place + random.length(min(rest, 512))], at: random.below(bytes.count + 1))
        case 8: bytes.insert(contentsOf: (0..<random.length(32)).map { _ in UInt8(random.below(256)) }, at: place)
        case 9: bytes.removeSubrange(place...)
        case 10:
            let other = random.pick(seeds)
            guard !other.isEmpty else { return }
            let start = random.below(other.count)
            let length = random.length(other.count - start)
            let end = random.chance(50) ? min(bytes.count, place + length) : place
            bytes.replaceSubrange(place..<end, with: other[start..<start + length])
        case 11: bytes.insert(contentsOf: random.pick(dictionary), at: place)
        case 12:
            let word = random.pick(dictionary)
            bytes.replaceSubrange(place..<min(bytes.count, place + word.count), with: word)
        case 13:
            // What nests, nests deep.
            let word = random.chance(50) ? random.pick(dictionary) : Array(bytes[place..<place + min(rest, random.length(8))])
            let count = min(random.length(1 << 14), Self.maximumSize / max(word.count, 1))
            bytes.insert(contentsOf: repeatElement(word, count: count).joined(), at: place)
        case 14: inflateNumber(&bytes, from: place, &random)
        default:
            let start = random.below(bytes.count)
            let length = min(random.length(min(rest, 64)), bytes.count - start)
            bytes.replaceSubrange(place..<place + length, with: Array(bytes[start..<start + length]))
        }
        if bytes.count > 4 * Self.maximumSize { bytes.removeSubrange((4 * Self.maximumSize)...) }
    }

    /// Zero, one, powers of two and their neighbours, what types can hold at most.
    func integer(_ random: inout SplitMix) -> UInt64 {
        switch random.below(8) {
        case 0: 0
        case 1: .max
        case 2: UInt64(random.below(16))
        case 3: 0x7FFF_FFFF_FFFF_FFFF
        case 4: 0x8000_0000_0000_0000
        default: (1 << UInt64(random.below(64))) &+ UInt64(bitPattern: Int64(random.below(3) - 1))
        }
    }

    private func write(_ value: UInt64, _ bytes: inout [UInt8], at place: Int, size: Int, isBig: Bool) {
        for index in 0..<min(size, bytes.count - place) {
            bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (isBig ? size - 1 - index : index)))
        }
    }

    private func inflateNumber(_ bytes: inout [UInt8], from place: Int, _ random: inout SplitMix) {
        func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
        guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        let number = integer(&random)
        let text = random.chance(50) ? "\(number)" : "\(Int64(bitPattern: number))"
        bytes.replaceSubrange(start..<end, with: text.utf8)
    }
}
