import CKernels
import Testing

@testable import Tensor

@Suite("Kernels of packed products and of conversions")
struct KernelTests {
    /// Normal numbers, rounded to a type.
    private static func numbers(_ count: Int, _ precision: Precision, seed: UInt64) -> [Float] {
        var generator = RandomGenerator(seed: seed)
        return (0..<count).map { _ in precision.rounded(generator.normal()) }
    }

    /// Units a kernel can be asked for on this processor, with the types it packs them from.
    private static var units: [(unit: Int32, types: [Precision])] {
        [(Int32(unit_float), Precision.allCases), (Int32(unit_pair), [.bfloat16])]
    }

    /// What a unit holds: one value, or two.
    private func values(_ word: UInt32, _ unit: Int32) -> [Float] {
        unit == Int32(unit_float)
            ? [Float(bitPattern: word)] : [Float(bitPattern: word << 16), Float(bitPattern: word & 0xFFFF_0000)]
    }

    private static let untouched: UInt32 = 0xDEAD_BEEF

    @Test("Packing, of the transpose and as it lies", arguments: [(1, 1), (2, 3), (3, 2), (16, 16), (17, 5), (5, 17), (40, 33), (33, 40)])
    func packing(_ rows: Int, _ width: Int) {
        for (unit, types) in Self.units {
            let perUnit = unit == Int32(unit_float) ? 1 : 2
            for type in types {
                for gap in [0, 3] {
                    let matrix = Self.numbers(rows * (width + gap), type, seed: 1)
                    let source = Tensor(matrix, shape: [rows, width + gap], precision: type)
                    func element(_ row: Int, _ column: Int) -> Float {
                        row < rows && column < width ? matrix[row * (width + gap) + column] : 0
                    }
                    for isTransposed in [true, false] {
                        let (summed, others) = isTransposed ? (width, rows) : (rows, width)
                        let (units, stride) = ((summed + perUnit - 1) / perUnit, others + 2)
                        #expect(unit_count(unit, Int64(summed)) == Int64(units))
                        var packed = [UInt32](repeating: Self.untouched, count: units * stride)
                        let pack = isTransposed ? pack_transposed : pack_rows
                        pack(
                            unit, Int64(rows), Int64(width), type.code, source.address(), Int64(width + gap), &packed,
                            Int64(stride))
                        var wrong = 0
                        for u in 0..<units {
                            for other in 0..<stride {
                                let word = packed[u * stride + other]
                                let expected = (0..<perUnit).map { half in
                                    let place = u * perUnit + half
                                    return isTransposed ? element(other, place) : element(place, other)
                                }
                                if other < others ? values(word, unit) != expected : word != Self.untouched { wrong += 1 }
                            }
                        }
                        #expect(wrong == 0, "unit \(unit), \(type), transposed \(isTransposed)")
                    }
                }
            }
        }
    }

    @Test(
        "Products of units against float64, the left side by rows and by columns",
        arguments: [1, 2, 5, 6, 7, 13], [1, 15, 16, 17, 48, 63, 64, 65, 130])
    func products(_ m: Int, _ n: Int) {
        let stride = (n + 15) / 16 * 16
        for (unit, _) in Self.units where unit == Int32(unit_float) || has_bfloat16_products() != 0 {
            let perUnit = unit == Int32(unit_float) ? 1 : 2
            let type = perUnit == 1 ? Precision.float32 : .bfloat16
            for units in [1, 2, 3, 40] {
                let k = units * perUnit
                let a = Self.numbers(m * k, type, seed: 2)
                let b = Self.numbers(stride * k, type, seed: 3)
                let right = packed(b, unit, rows: k, width: stride)
                for isTurned in [false, true] {
                    // By rows, a unit behind the other; or as packed for the other side, row behind row.
                    let left = isTurned ? packed(turned(a, m, k), unit, rows: k, width: m) : plain(a, type)
                    for accumulate in [Int32(0), 1] {
                        var c = [Float](repeating: 2, count: m * (stride + 1))
                        multiply_units(
                            unit, Int64(m), Int64(n), Int64(units), left, Int64(isTurned ? 1 : units), Int64(isTurned ? m : 1), right,
                            Int64(stride), accumulate, &c, Int64(stride + 1))
                        var worst = 0.0
                        var isOutsideUntouched = true
                        for i in 0..<m {
                            for j in 0..<n {
                                var sum = accumulate == 1 ? 2.0 : 0
                                for p in 0..<k { sum += Double(a[i * k + p]) * Double(b[p * stride + j]) }
                                let error = (Double(c[i * (stride + 1) + j]) - sum).magnitude
                                worst = error <= worst ? worst : error.isNaN ? .infinity : error
                            }
                            if c[i * (stride + 1) + stride] != 2 { isOutsideUntouched = false }
                        }
                        // As for whole products: k roundings of partial sums.
                        #expect(worst <= 0x1p-22 * Double(k + 4), "unit \(unit), \(units) units, turned \(isTurned)")
                        #expect(isOutsideUntouched)
                    }
                }
            }
        }
    }

    private func turned(_ a: [Float], _ m: Int, _ k: Int) -> [Float] {
        (0..<k * m).map { a[$0 % m * k + $0 / m] }
    }

    private func plain(_ values: [Float], _ type: Precision) -> [UInt32] {
        var words = [UInt32](repeating: 0, count: (values.count * type.size + 3) / 4)
        convert_values(Int64(values.count), 0, values, type.code, &words)
        return words
    }

    private func packed(_ values: [Float], _ unit: Int32, rows: Int, width: Int) -> [UInt32] {
        let type = unit == Int32(unit_float) ? Precision.float32 : .bfloat16
        var words = [UInt32](repeating: 0, count: Int(unit_count(unit, Int64(rows))) * width)
        pack_rows(unit, Int64(rows), Int64(width), type.code, plain(values, type), Int64(width), &words, Int64(width))
        return words
    }

    // MARK: Conversions

    private func floats(_ bits: [UInt16], _ type: Precision) -> [Float] {
        var result = [Float](repeating: 0, count: bits.count)
        convert_values(Int64(bits.count), type.code, bits, 0, &result)
        return result
    }

    private func bits(_ values: [Float], _ type: Precision) -> [UInt16] {
        var result = [UInt16](repeating: 0, count: values.count)
        convert_values(Int64(values.count), 0, values, type.code, &result)
        return result
    }

    @Test("Every 16-bit value as float32, and back")
    func widening() {
        let all = Array(UInt16.min...UInt16.max)
        let (halves, bfloats) = (floats(all, .float16), floats(all, .bfloat16))
        #expect(zip(all, halves).filter { Half.float($0).bitPattern != $1.bitPattern }.map(\.0) == [])
        #expect(zip(all, bfloats).filter { UInt32($0) << 16 != $1.bitPattern }.map(\.0) == [])
        // What is no number stays none, though not the same.
        for (type, values) in [(Precision.float16, halves), (.bfloat16, bfloats)] {
            let back = bits(values, type)
            #expect(zip(all, back).filter { values[Int($0)].isNaN ? !floats([$1], type)[0].isNaN : $0 != $1 }.map(\.0) == [])
        }
        var crossed = [UInt16](repeating: 0, count: all.count)
        convert_values(Int64(all.count), Precision.bfloat16.code, all, Precision.float16.code, &crossed)
        #expect(zip(bfloats, crossed).filter { !$0.isNaN && Half.bits($0) != $1 || $0.isNaN && !Half.float($1).isNaN }.count == 0)
        convert_values(Int64(all.count), Precision.float16.code, all, Precision.bfloat16.code, &crossed)
        #expect(zip(halves, crossed).filter { !$0.isNaN && BFloat16.bits($0) != $1 || $0.isNaN && !BFloat16.float($1).isNaN }.count == 0)
    }

    @Test("Any float32 in 16 bits: the nearest, ties to even, subnormals, infinities, no numbers")
    func narrowing() {
        var generator = RandomGenerator(seed: 9)
        var values = (0..<20000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
        // Of the sizes that half precision has, subnormal ones included, and the middles between them.
        values += (0..<20000).map { _ in
            generator.normal() * Float(sign: .plus, exponent: Int(generator.next(below: 42)) - 27, significand: 1)
        }
        values += stride(from: UInt16(0), to: 0x7BFF, by: 7).map { (Half.float($0) + Half.float($0 + 1)) / 2 }
        values += stride(from: UInt32(0x8000), to: 0x7F80_0000, by: 0x3_0000).map { Float(bitPattern: $0) }
        values += [
            0, -0.0, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .leastNormalMagnitude, 65519, 65520, -65520,
        ]
        let (halves, bfloats) = (bits(values, .float16), bits(values, .bfloat16))
        #expect(zip(values, halves).filter { !$0.isNaN && Half.bits($0) != $1 }.map(\.0) == [])
        #expect(zip(values, bfloats).filter { !$0.isNaN && BFloat16.bits($0) != $1 }.map(\.0) == [])
        // Some that say so in their lowest bits only.
        let noNumbers = [0x7F80_0001, 0xFF80_0001, 0x7F80_FFFF, 0x7FC0_0000, 0xFFFF_FFFF, 0x7FBF_FFFF].map { Float(bitPattern: $0) }
        #expect(floats(bits(noNumbers, .float16), .float16).allSatisfy { $0.isNaN })
        #expect(floats(bits(noNumbers, .bfloat16), .bfloat16).allSatisfy { $0.isNaN })
        #expect(noNumbers.allSatisfy { Precision.bfloat16.rounded($0).isNaN && Precision.float16.rounded($0).isNaN })
    }

    @Test("Of any length, from any place, and into the memory they came from")
    func places() {
        let values = Self.numbers(80, .bfloat16, seed: 4)
        for count in 0...70 {
            for type in [Precision.bfloat16, .float16] {
                for start in [0, 1, 3] {
                    let part = Array(values[start..<start + count])
                    let expected = part.map { type == .float16 ? Half.bits($0) : BFloat16.bits($0) }
                    var narrow = [UInt16](repeating: 0xBEEF, count: 80)
                    values.withUnsafeBufferPointer { from in
                        narrow.withUnsafeMutableBufferPointer {
                            convert_values(Int64(count), 0, from.baseAddress! + start, type.code, $0.baseAddress! + start)
                        }
                    }
                    #expect(Array(narrow[start..<start + count]) == expected)
                    #expect(narrow[..<start].allSatisfy { $0 == 0xBEEF } && narrow[(start + count)...].allSatisfy { $0 == 0xBEEF })
                    var wide = [Float](repeating: 7, count: 80)
                    narrow.withUnsafeBufferPointer { from in
                        wide.withUnsafeMutableBufferPointer {
                            convert_values(Int64(count), type.code, from.baseAddress! + start, 0, $0.baseAddress! + start)
                        }
                    }
                    #expect(Array(wide[start..<start + count]) == part.map(type.rounded))
                    #expect(wide[..<start].allSatisfy { $0 == 7 } && wide[(start + count)...].allSatisfy { $0 == 7 })

                    // A result that is not longer than its source may take its place.
                    var own = part
                    own.withUnsafeMutableBytes { convert_values(Int64(count), 0, $0.baseAddress, type.code, $0.baseAddress) }
                    #expect(own.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self).prefix(count)) } == expected)
                    own = part
                    own.withUnsafeMutableBufferPointer {
                        convert_values(Int64(count), 0, $0.baseAddress, 0, $0.baseAddress)
                        round_f32(Int64(count), type.code, $0.baseAddress, $0.baseAddress)
                        scale_values(Int64(count), 0, 2, $0.baseAddress, $0.baseAddress)
                    }
                    #expect(own == part.map { 2 * type.rounded($0) })
                }
            }
        }
    }
}
