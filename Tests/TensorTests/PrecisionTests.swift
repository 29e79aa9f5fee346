import Testing

@testable import Tensor

@Suite("Rounding to 16 bits")
struct PrecisionTests {
    @Test("Every value of half precision is its own rounding, and its own bits")
    func halfValues() {
        for bits in UInt16.min ... UInt16.max {
            let value = Half.float(bits)
            if value.isNaN {
                #expect(Precision.float16.rounded(value).isNaN && Half.float(Half.bits(value)).isNaN)
            } else {
                #expect(Precision.float16.rounded(value).bitPattern == value.bitPattern)
                #expect(Half.bits(value) == bits)
            }
        }
    }

    @Test("Between two values the nearer one, at the middle the even one")
    func ties() {
        for bits in UInt16(0)..<0x7BFF {
            let (low, high) = (Half.float(bits), Half.float(bits + 1))
            let middle = (low + high) / 2
            let even = bits % 2 == 0 ? low : high
            #expect(Precision.float16.rounded(middle) == even)
            #expect(Precision.float16.rounded(middle.nextDown) == low)
            #expect(Precision.float16.rounded(middle.nextUp) == high)
            #expect(Half.bits(-middle) == Half.bits(-even))
        }
        #expect(Precision.float16.rounded(65519) == 65504)
        #expect(Precision.float16.rounded(65520) == .infinity)
        #expect(Precision.float16.rounded(-1e30) == -.infinity)
    }

    @Test func bfloat16() {
        var generator = RandomGenerator(seed: 1)
        for _ in 0..<20000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            let rounded = Precision.bfloat16.rounded(value)
            if value.isNaN {
                #expect(rounded.isNaN)
                continue
            }
            #expect(rounded.bitPattern & 0xFFFF == 0)
            #expect(BFloat16.float(BFloat16.bits(value)).bitPattern == rounded.bitPattern)
            guard rounded.isFinite else { continue }
            let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
            let above = Float(bitPattern: (value.bitPattern & 0xFFFF_0000) &+ 0x1_0000)
            #expect(rounded == below || rounded == above)
            if above.isFinite { #expect(abs(Double(rounded) - Double(value)) <= abs(Double(above) - Double(below)) / 2) }
        }
        #expect(Precision.bfloat16.rounded(1 + 0x1p-8) == 1)
        #expect(Precision.bfloat16.rounded(1 + 0x3p-8) == 1 + 0x1p-6)
    }
}
