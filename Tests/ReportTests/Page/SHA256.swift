import Foundation

/// SHA-256 (FIPS 180-4), to check a hash that is written down.
enum SHA256 {
    static func hash(_ message: [UInt8]) -> [UInt8] {
        let primes = (2...311).filter { number in (2..<number).allSatisfy { !number.isMultiple(of: $0) } }.map(Double.init)
        // The first 32 bits of the fractions of roots.
        func bits(_ root: Double) -> UInt32 { UInt32((root - root.rounded(.down)) * 4_294_967_296) }
        let constants = primes.map { bits(cbrt($0)) }
        var state = primes.prefix(8).map { bits($0.squareRoot()) }
        var bytes = message + [0x80]
        while bytes.count % 64 != 56 { bytes.append(0) }
        bytes += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: UInt64(message.count * 8) >> UInt64($0)) }
        func turned(_ value: UInt32, _ count: UInt32) -> UInt32 { value >> count | value << (32 - count) }
        for start in stride(from: 0, to: bytes.count, by: 64) {
            var words = stride(from: start, to: start + 64, by: 4).map { bytes[$0..<$0 + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
            for index in 16..<64 {
                let (one, two) = (words[index - 15], words[index - 2])
                let low = turned(one, 7) ^ turned(one, 18) ^ one >> 3
                let high = turned(two, 17) ^ turned(two, 19) ^ two >> 10
                words.append(words[index - 16] &+ low &+ words[index - 7] &+ high)
            }
            var round = state
            for index in 0..<64 {
                let (a, e) = (round[0], round[4])
                let choice = e & round[5] ^ ~e & round[6]
                let majority = a & round[1] ^ a & round[2] ^ round[1] & round[2]
                let first = round[7] &+ (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) &+ choice &+ constants[index] &+ words[index]
                let second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) &+ majority
                round = [first &+ second] + round[0..<3] + [round[3] &+ first] + round[4..<7]
            }
            state = zip(state, round).map { $0 &+ $1 }
        }
        return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) } }
    }
}
