import Testing

@testable import Tensor

@Suite("Rounding to 16 bits")
struct PrecisionTests {
    // The loops are long: what fails is collected, and expected to be nothing at the end.

    @Test("Every value of half precision is its own rounding, and its own bits")
    func halfValues() {
        let wrong = (UInt16.min...UInt16.max).filter { bits in
            let value = Half.float(bits)
            if value.isNaN {
                return !(Precision.float16.rounded(value).isNaN && Half.float(Half.bits(value)).isNaN)
            }
            return Precision.float16.rounded(value).bitPattern != value.bitPattern || Half.bits(value) != bits
        }
        #expect(wrong == [])
    }

    @Test("Between two values the nearer one, at the middle the even one")
    func ties() {
        let wrong = (UInt16(0)..<0x7BFF).filter { bits in
            let (low, high) = (Half.float(bits), Half.float(bits + 1))
            let middle = (low + high) / 2
            let even = bits % 2 == 0 ? low : high
            return Precision.float16.rounded(middle) != even || Precision.float16.rounded(middle.nextDown) != low
                || Precision.float16.rounded(middle.nextUp) != high || Half.bits(-middle) != Half.bits(-even)
        }
        #expect(wrong == [])
        #expect(Precision.float16.rounded(65519) == 65504)
        #expect(Precision.float16.rounded(65520) == .infinity)
        #expect(Precision.float16.rounded(-1e30) == -.infinity)
    }

    @Test func bfloat16() {
        var generator = RandomGenerator(seed: 1)
        let values = (0..<20000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
        let wrong = values.filter { value in
            let rounded = Precision.bfloat16.rounded(value)
            if value.isNaN { return !rounded.isNaN }
            if rounded.bitPattern & 0xFFFF != 0 { return true }
            if BFloat16.float(BFloat16.bits(value)).bitPattern != rounded.bitPattern { return true }
            guard rounded.isFinite else { return false }
            let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
            let above = Float(bitPattern: (value.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
            if rounded != below, rounded != above { return true }
            return above.isFinite
                && abs(Double(rounded) - Double(value)) > abs(Double(above) - Double(below)) / 2
        }
        #expect(wrong.map(\.bitPattern) == [])
        #expect(Precision.bfloat16.rounded(1 + 0x1p-8) == 1)
        #expect(Precision.bfloat16.rounded(1 + 0x3p-8) == 1 + 0x1p-6)
    }
}
