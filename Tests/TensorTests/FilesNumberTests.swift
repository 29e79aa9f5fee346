import Testing

@testable import Tensor

/// Half precision and bfloat16 as bits.
@Suite struct FilesNumberTests {
    @Test func roundsAsTorchDoes() throws {
        let rounding = try #require(try FilesExpectation.all()["rounding"])
        func bits(_ key: String) throws -> [Int] { try #require(rounding[key]?.array).map { try #require($0.integer) } }
        let (floats, halves, bfloats) = (try bits("float32"), try bits("float16"), try bits("bfloat16"))
        #expect(floats.count > 1000)
        for i in floats.indices {
            let value = Float(bitPattern: UInt32(floats[i]))
            #expect(Int(Half.bits(value)) == halves[i], "\(value)")
            #expect(Int(BFloat16.bits(value)) == bfloats[i], "\(value)")
            #expect(Int(Half.bits(-value)) == halves[i] | 0x8000, "-\(value)")
        }
    }

    /// Every value of 16 bits, there and back; a half is m · 2^(e-25), computed in double precision.
    @Test func everyHalf() {
        for bits in UInt16.min ... .max {
            let value = Half.float(bits)
            let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 0x3FF))
            if exponent == 31 {
                #expect(fraction == 0 ? value.isInfinite : value.isNaN)
            } else {
                let magnitude = exponent == 0 ? fraction : fraction + 1024
                var exact = magnitude
                for _ in 0..<(max(exponent, 1)) { exact *= 2 }
                exact /= 0x1p25
                #expect(Double(value.magnitude) == exact)
            }
            #expect(value.sign == (bits >> 15 == 0 ? .plus : .minus) || value.isNaN)
            if !value.isNaN { #expect(Half.bits(value) == bits) }
        }
        #expect(Half.float(Half.bits(.nan)).isNaN)
    }

    /// Midway between two neighbours the even one is taken, a hair aside the nearer.
    @Test func everyTieOfHalf() {
        for bits in UInt16(0)..<0x7BFF {
            let middle = (Half.float(bits) + Half.float(bits + 1)) / 2
            #expect(Half.bits(middle) == (bits % 2 == 0 ? bits : bits + 1))
            #expect(Half.bits(middle.nextDown) == bits)
            #expect(Half.bits(middle.nextUp) == bits + 1)
        }
        #expect(Half.bits(65519.996) == 0x7BFF)
        #expect(Half.bits(65520) == 0x7C00)
        #expect(Half.bits(-.infinity) == 0xFC00)
    }

    @Test func everyBFloat16() {
        for bits in UInt16.min ... .max {
            let value = BFloat16.float(bits)
            #expect(value.bitPattern == UInt32(bits) << 16)
            if !value.isNaN { #expect(BFloat16.bits(value) == bits) }
        }
        for bits in UInt16(0)..<0x7F7F {
            let middle = Float(bitPattern: UInt32(bits) << 16 | 0x8000)
            #expect(BFloat16.bits(middle) == (bits % 2 == 0 ? bits : bits + 1))
            #expect(BFloat16.bits(middle.nextDown) == bits)
            #expect(BFloat16.bits(middle.nextUp) == bits + 1)
        }
        #expect(BFloat16.float(BFloat16.bits(.nan)).isNaN)
        #expect(BFloat16.bits(.greatestFiniteMagnitude) == 0x7F80)
    }

    /// A NaN whose payload lies in the bits that are cut must not become an infinity.
    @Test func everyKindOfNaN() {
        for pattern: UInt32 in [0x7F80_0001, 0x7F80_1FFF, 0x7FC0_0000, 0xFFFF_FFFF, 0xFF80_0001] {
            #expect(Half.float(Half.bits(Float(bitPattern: pattern))).isNaN)
            #expect(BFloat16.float(BFloat16.bits(Float(bitPattern: pattern))).isNaN)
        }
    }
}
