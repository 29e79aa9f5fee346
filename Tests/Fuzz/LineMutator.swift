import Foundation

/// Changes a list line by line, so that most of its lines stay what they were.
struct LineMutator {
    private let mutator: Mutator
    /// Whether lines are bytes in base64 and a number, which are changed as such.
    private let isBase64: Bool

    init(_ mutator: Mutator, isBase64: Bool = false) {
        self.mutator = mutator
        self.isBase64 = isBase64
    }

    func mutated(_ base: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var lines = Self.lines(base)
        for _ in 0..<1 + random.below(random.chance(60) ? 1 : 6) where !lines.isEmpty {
            let place = random.below(lines.count)
            let length = min(random.length(random.chance(70) ? 2 : 64), lines.count - place)
            switch random.below(10) {
            case 0: lines.removeSubrange(place..<place + length)
            case 1: lines.insert(contentsOf: lines[place..<place + length], at: random.below(lines.count + 1))
            case 2: lines.swapAt(place, random.below(lines.count))
            case 3: lines[place] = random.pick(mutator.dictionary)
            case 4: lines.insert(random.pick(Self.lines(random.pick(mutator.seeds))), at: place)
            case 5: lines.insert(contentsOf: repeatElement(lines[place], count: random.length(2000)), at: place)
            case 6: lines.insert(contentsOf: repeatElement([], count: random.length(8)), at: place)
            default: lines[place] = changed(lines[place], &random)
            }
        }
        return Array(lines.joined(separator: [10]))
    }

    private func changed(_ line: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        let parts = line.split(separator: 32, maxSplits: 1).map { Array($0) }
        guard isBase64, random.chance(80), parts.count == 2, let bytes = Foundation.Data(base64Encoded: Foundation.Data(parts[0])) else {
            return mutator.bytes(line, &random)
        }
        if random.chance(40) {
            let number = mutator.integer(&random)
            return parts[0] + [32] + Array((random.chance(50) ? "\(number)" : "\(number % 400)").utf8)
        }
        let changed = Foundation.Data(mutator.bytes([UInt8](bytes), &random))
        return [UInt8](changed.base64EncodedData()) + [32] + parts[1]
    }

    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: 10, omittingEmptySubsequences: false).map { Array($0) }
    }
}
