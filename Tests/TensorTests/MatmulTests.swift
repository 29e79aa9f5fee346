import TestSupport
import Testing

@testable import Tensor

@Suite("Matrix products")
struct MatmulTests {
    /// Operands of a product, and its sums in float64.
    private struct Case {
        let (m, n, k): (Int, Int, Int)
        let a: [Float]
        let b: [Float]
        let sums: [Double]

        /// - Parameter precision: the operands are rounded to it before they are multiplied
        init(_ m: Int, _ n: Int, _ k: Int, _ precision: Precision) {
            (self.m, self.n, self.k) = (m, n, k)
            var generator = RandomGenerator(seed: 5)
            let a = Tensor((0..<m * k).map { _ in generator.normal() }, shape: [m, k], precision: precision).values
            let b = (0..<k * n).map { _ in generator.normal() }
            let rounded = Tensor(b, shape: [k, n], precision: precision).values
            var sums = [Double](repeating: 0, count: m * n)
            sums.withUnsafeMutableBufferPointer { sums in
                for i in 0..<m {
                    for p in 0..<k {
                        let left = Double(a[i * k + p])
                        var j = 0
                        while j < n {
                            sums[i * n + j] += left * Double(rounded[p * n + j])
                            j += 1
                        }
                    }
                }
            }
            (self.a, self.b, self.sums) = (a, b, sums)
        }

        /// The right operand, rounded to `precision`, as the stored rows of it or of its transpose, `gap`
        /// values between them.
        func stored(_ precision: Precision, isTransposed: Bool, gap: Int) -> Tensor {
            let (rows, width) = isTransposed ? (n, k) : (k, n)
            var values = [Float](repeating: .nan, count: rows * (width + gap))
            for row in 0..<rows {
                for column in 0..<width {
                    values[row * (width + gap) + column] = isTransposed ? b[column * n + row] : b[row * n + column]
                }
            }
            return Tensor(values, shape: [rows, width + gap], precision: precision)
        }

        /// The rows of the left operand, `gap` values between them.
        func left(_ precision: Precision, gap: Int) -> Tensor {
            var values = [Float](repeating: .nan, count: m * (k + gap))
            for row in 0..<m { for p in 0..<k { values[row * (k + gap) + p] = a[row * k + p] } }
            return Tensor(values, shape: [m, k + gap], precision: precision)
        }
    }

    /// What a result held before: small whole numbers, exact in every type.
    private static func before(_ index: Int) -> Double { Double(index % 7 - 3) }

    /// How far a sum of `k` products of normal numbers in float32 may be off: a step of it rounds by at
    /// most half a unit in the last place of a partial sum, whose size grows as the root of `k`. The
    /// outcome is far below `k` units of 2⁻²²; a result of 16 bits is rounded once more.
    ///
    /// - Returns: an absolute part, and one relative to the result
    private static func bound(_ k: Int, _ result: Precision = .float32) -> (absolute: Double, relative: Double) {
        let rounding =
            switch result {
            case .float32: 0x1p-24
            case .bfloat16: 0x1p-8
            case .float16: 0x1p-11
            }
        return (0x1p-22 * Double(k + 4), rounding)
    }

    /// The ranges of columns that a product is computed in: all at once, the last panel, and panel by panel.
    private static func ranges(_ b: any PackedMatrix) -> [[Range<Int>]] {
        let panels = stride(from: 0, to: b.columns, by: b.columnGrain).map { $0..<min($0 + b.columnGrain, b.columns) }
        guard panels.count > 1 else { return [panels] }
        return [[0..<b.columns], panels, [panels[0].upperBound..<b.columns], [panels[panels.count - 1]]]
    }

    @Test(
        "Of packed operands, by columns, onto what is there, into every type",
        arguments: [
            (1, 1, 1), (2, 3, 300), (7, 33, 5), (64, 31, 65), (200, 300, 17), (1, 520, 64), (2, 300, 33), (7, 65, 129),
            (8, 64, 2), (47, 320, 16), (48, 96, 31), (130, 65, 96),
        ])
    func definition(_ m: Int, _ n: Int, _ k: Int) {
        for precision in Precision.allCases {
            let size = Case(m, n, k, precision)
            // Values of the operand's own type, and values that packing rounds.
            let sources = precision == .float32 ? [Precision.float32] : [.float32, precision]
            for (index, matmul) in Matmuls.all.enumerated() {
                for (isTransposed, source) in [false, true].flatMap({ turned in sources.map { (turned, $0) } }) {
                    let gap = (index + (isTransposed ? 1 : 0)) % 3
                    let stored = size.stored(source, isTransposed: isTransposed, gap: gap)
                    let packed = matmul.pack(
                        MatrixOperand(
                            address: stored.address(), precision: source, stride: stored.width, rows: k, columns: n,
                            isTransposed: isTransposed, owner: stored.storage),
                        precision: precision)
                    #expect(packed.rows == k && packed.columns == n && packed.precision == precision)
                    let left = size.left(precision, gap: gap)
                    for result in Precision.allCases {
                        for isAccumulating in [false, true] {
                            for ranges in Self.ranges(packed) {
                                let error = Self.worst(size, matmul, left, packed, ranges, result, isAccumulating)
                                #expect(
                                    error <= 1,
                                    "\(matmul.name) \(precision) of \(source), transposed \(isTransposed), into \(result), accumulating \(isAccumulating), columns \(ranges)"
                                )
                            }
                        }
                    }
                }
            }
        }
    }

    /// The largest error of a product, in units of what it may be; infinite where it wrote to columns that were
    /// not asked for.
    private static func worst(
        _ size: Case, _ matmul: any Matmul, _ left: Tensor, _ packed: any PackedMatrix, _ ranges: [Range<Int>],
        _ result: Precision, _ isAccumulating: Bool
    ) -> Double {
        let (m, n) = (size.m, size.n)
        let c = Tensor((0..<m * n).map { Float(before($0)) }, shape: [m, n], precision: result)
        for columns in ranges {
            matmul.multiply(
                rows: m, left.rows(from: 0), by: packed, columns: columns,
                into: MutableRows(address: c.address(columns.lowerBound), precision: result, stride: n),
                accumulating: isAccumulating)
        }
        let isWritten = (0..<n).map(Set(ranges.joined()).contains)
        let (absolute, relative) = bound(size.k, result)
        // Plain loops: there are millions of elements, and tests are built without optimisation.
        var worst = 0.0
        let values = c.values
        size.sums.withUnsafeBufferPointer { sums in
            values.withUnsafeBufferPointer { values in
                var (index, column, old) = (0, 0, -3.0)
                while index < m * n {
                    let value = Double(values[index])
                    if isWritten[column] {
                        let expected = isAccumulating ? sums[index] + old : sums[index]
                        let error = (value - expected).magnitude / (absolute + relative * expected.magnitude)
                        if !(error <= worst) { worst = error.isNaN ? .infinity : error }
                    } else if value != old {
                        worst = .infinity
                    }
                    index += 1
                    column = column + 1 == n ? 0 : column + 1
                    old = old == 3 ? -3 : old + 1
                }
            }
        }
        return worst
    }

    @Test("Whole tensors, shared among threads by rows or by columns", arguments: [1, 7, 47, 48, 130, 333])
    func wholeTensors(_ rows: Int) {
        let size = Case(rows, 300, 11, .float32)
        let (a, b) = (Tensor(size.a, shape: [rows, 11]), Tensor(size.b, shape: [11, 300]))
        for matmul in Matmuls.all {
            let c = Tensor(repeating: 2, shape: [rows, 300])
            let packed = b.packed(transposed: false, ComputeContext(matmul: matmul))
            matmul.multiply(a, by: packed, into: c)
            let bound = Self.bound(11).absolute
            #expect(zip(c.values, size.sums).allSatisfy { (Double($0) - $1).magnitude <= bound }, "\(matmul.name)")
            matmul.multiply(a, by: packed, into: c, accumulating: true)
            #expect(zip(c.values, size.sums).allSatisfy { (Double($0) - 2 * $1).magnitude <= 2 * bound }, "\(matmul.name)")
        }
    }

    @Test("A packed form is kept until the values change")
    func packedForms() {
        let weight = Tensor([1, 2, 3, 4], shape: [2, 2])
        for matmul in Matmuls.all {
            let context = ComputeContext(matmul: matmul)
            func product() -> [Float] {
                let y = Tensor(uninitialized: [1, 2])
                matmul.multiply(Tensor([1, 10], shape: [1, 2]), by: weight.packed(transposed: true, context), into: y)
                return y.values
            }
            #expect(weight.packed(transposed: true, context) === weight.packed(transposed: true, context))
            #expect(product() == [21, 43])
            weight.withMutableValues { $0[0] = 5 }
            #expect(product() == [25, 43])
            weight.replaceRows(from: 1, with: Tensor([1, 1], shape: [1, 2]))
            #expect(product() == [25, 11])
            weight.scale(by: 2)
            #expect(product() == [50, 22])
            weight.gradient = Tensor([1, 0, 0, 0], shape: [2, 2])
            weight.applyAdamW(
                AdamWMoments(like: weight),
                AdamWCoefficients(learningRate: 1, beta1: 0.5, beta2: 0.5, epsilon: 1e-8, weightDecay: 0))
            #expect(product()[0] == weight.values[0] + 10 * weight.values[1])
            #expect(weight.values[0] != 10)
            weight.withMutableValues { _ = $0.update(fromContentsOf: [1, 2, 3, 4]) }
        }
    }

    @Test("What was packed can be unpacked", arguments: [(1, 1), (2, 65), (33, 64), (130, 300), (300, 7)])
    func unpacking(_ rows: Int, _ columns: Int) {
        var generator = RandomGenerator(seed: 6)
        let values = (0..<rows * columns).map { _ in generator.normal() }
        for precision in Precision.allCases {
            let expected = values.map(precision.rounded)
            for isTransposed in [false, true] {
                let plain = isTransposed ? (0..<rows * columns).map { values[$0 % rows * columns + $0 / rows] } : values
                let stored = Tensor(plain, shape: isTransposed ? [columns, rows] : [rows, columns])
                for matmul in Matmuls.all {
                    let packed = matmul.pack(
                        MatrixOperand(
                            address: stored.address(), precision: .float32, stride: stored.width, rows: rows, columns: columns,
                            isTransposed: isTransposed, owner: stored.storage), precision: precision)
                    let unpacked = Tensor(uninitialized: [rows, columns], precision)
                    matmul.unpack(packed, into: unpacked.address())
                    #expect(unpacked.values == expected, "\(matmul.name) \(precision) \(isTransposed)")
                }
            }
        }
    }

    @Test(
        "A frozen weight that is packed both ways parts with its plain values, and has them again on request", arguments: Precision.allCases
    )
    func frozenWeights(_ precision: Precision) {
        let size = Case(3, 70, 33, precision)
        for matmul in Matmuls.all {
            var context = ComputeContext(matmul: matmul)
            context.precision = precision
            let weight = size.stored(precision, isTransposed: false, gap: 0)
            let values = weight.values
            weight.isFrozenWeight = true
            weak var plain: Storage?
            plain = weight.storage
            _ = weight.packed(transposed: true, context)
            #expect(plain != nil)
            _ = weight.packed(transposed: false, context)
            // OpenBLAS reads float32 where it lies.
            #expect((plain == nil) == !(matmul.name == "openblas" && precision == .float32))
            let y = Tensor(uninitialized: [3, 70])
            func product() -> [Float] {
                matmul.multiply(size.left(precision, gap: 0), by: weight.packed(transposed: false, context), into: y)
                return y.values
            }
            let before = product()
            #expect(weight.values == values)
            // Read by another product, and changed in place, after it parted with them.
            for change in [{ $0.scale(by: 2) }, { tensor in tensor.replaceRows(from: 0, with: tensor.converted(to: .float32)) }]
                as [(Tensor) -> Void]
            {
                guard precision == .float32 else { continue }
                weight.dropPlainValues()
                change(weight)
                _ = weight.packed(transposed: true, context)
            }
            #expect(zip(product(), before).allSatisfy { $0 == (precision == .float32 ? 2 : 1) * $1 }, "\(matmul.name)")
            #expect(weight.values == values.map { precision == .float32 ? 2 * $0 : $0 })
        }
    }

    @Test("A product that computes wrong numbers is found out, and not used")
    func wrongProduct() {
        struct Wrong: Matmul {
            let name = "wrong"
            let multipliesBFloat16 = false
            func pack(_ matrix: MatrixOperand, precision: Precision) -> any PackedMatrix {
                PortableMatmul().pack(matrix, precision: precision)
            }
            func unpack(_ b: any PackedMatrix, into target: UnsafeMutableRawPointer) { PortableMatmul().unpack(b, into: target) }
            func multiply(
                rows: Int, _ a: ConstantRows, by b: any PackedMatrix, columns: Range<Int>, into c: MutableRows,
                accumulating: Bool
            ) {
                PortableMatmul().multiply(rows: rows, a, by: b, columns: columns, into: c, accumulating: accumulating)
                // One wrong value at an edge, only where a kernel for large products would run.
                guard rows >= 32, columns.count > 100 else { return }
                let place = (rows - 1) * c.stride + columns.count - 1
                c.address.assumingMemoryBound(to: Float.self)[place] += 0.01
            }
        }
        let selection = MatmulSelection(verifying: Wrong())
        #expect(selection.matmul.name == "portable")
        #expect(selection.warning?.contains("wrong") == true)
        for matmul in Matmuls.all { #expect(MatmulSelection(verifying: matmul).warning == nil, "\(matmul.name)") }
        #expect(MatmulSelection(.portable).matmul.name == "portable")
    }
}
