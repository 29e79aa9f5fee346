#if OpenBLAS
    import CKernels
    import COpenBLAS

    /// The product by the system's OpenBLAS, one thread a call: our own pool deals the rows, and
    /// two pools would only stand in each other's way. 16-bit products are emulated: the values are
    /// rounded and multiplied as float32.
    package struct OpenBLASMatmul: Matmul {
        package let name = "openblas"
        package let multipliesBFloat16 = false

        /// The library's own words about its version and the processor it took this one for.
        package var configuration: String { String(cString: openblas_get_config()) }

        private static let singleThread: Void = openblas_set_num_threads(1)

        package init() { Self.singleThread }

        /// The matrix as it lies, in float32: the library packs what it reads each time.
        private final class Plain: PackedMatrix {
            let matrix: MatrixOperand
            let precision: Precision
            let columnGrain = 64
            let ownsValues: Bool
            var rows: Int { matrix.rows }
            var columns: Int { matrix.columns }

            init(_ matrix: MatrixOperand, precision: Precision, ownsValues: Bool) {
                self.matrix = matrix
                self.precision = precision
                self.ownsValues = ownsValues
            }
        }

        package func pack(_ matrix: MatrixOperand, precision: Precision) -> any PackedMatrix {
            let plain = matrix.converted(to: precision, keptAs: .float32)
            return Plain(plain, precision: precision, ownsValues: plain.owner !== matrix.owner)
        }

        package func transpose(of b: any PackedMatrix) -> (any PackedMatrix)? {
            guard let b = b as? Plain else { return nil }
            let matrix = b.matrix
            return Plain(
                MatrixOperand(
                    address: matrix.address, precision: matrix.precision, stride: matrix.stride, rows: matrix.columns,
                    columns: matrix.rows, isTransposed: !matrix.isTransposed, owner: matrix.owner),
                precision: b.precision, ownsValues: b.ownsValues)
        }

        package func unpack(_ b: any PackedMatrix, into target: UnsafeMutableRawPointer) {
            guard let b = b as? Plain else { preconditionFailure("a matrix that another product packed") }
            let (matrix, size) = (b.matrix, b.precision.size)
            Parallel.rows(b.rows, width: b.columns) { rows in
                for row in rows {
                    let target = target + row * b.columns * size
                    let start = matrix.address + 4 * row * (matrix.isTransposed ? 1 : matrix.stride)
                    guard matrix.isTransposed else {
                        convert_values(Int64(b.columns), 0, start, b.precision.code, target)
                        continue
                    }
                    for column in 0..<b.columns {
                        convert_values(1, 0, start + 4 * column * matrix.stride, b.precision.code, target + column * size)
                    }
                }
            }
        }

        package func multiply(
            rows: Int, _ a: ConstantRows, by b: any PackedMatrix, columns: Range<Int>, into c: MutableRows, accumulating: Bool
        ) {
            guard let b = b as? Plain else { preconditionFailure("a matrix that another product packed") }
            let matrix = b.matrix
            let (left, copy) = a.converted(rows: rows, width: b.rows, to: .float32)
            let sums = c.precision == .float32 ? nil : Storage(bytes: 4 * rows * columns.count)
            let target = (sums?.pointer ?? c.address).assumingMemoryBound(to: Float.self)
            let start = matrix.address + 4 * (matrix.isTransposed ? columns.lowerBound * matrix.stride : columns.lowerBound)
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, matrix.isTransposed ? CblasTrans : CblasNoTrans, blasint(rows),
                blasint(columns.count), blasint(b.rows), 1, left.address.assumingMemoryBound(to: Float.self),
                blasint(left.stride), start.assumingMemoryBound(to: Float.self), blasint(matrix.stride),
                sums == nil && accumulating ? 1 : 0, target, blasint(sums == nil ? c.stride : columns.count))
            if sums != nil {
                store_rows(
                    Int64(rows), Int64(columns.count), target, Int64(columns.count), accumulating ? 1 : 0, c.precision.code,
                    c.address, Int64(c.stride))
            }
            withExtendedLifetime(copy) {}
        }
    }
#endif
