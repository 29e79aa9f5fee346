#if OneDNN
    import CKernels
    import COneDNN
    import Foundation
    import Synchronization

    /// The product by oneDNN, which generates code for the processor and the size at hand and packs
    /// weights for it; one thread a call, since our own pool deals the work.
    ///
    /// float16, and bfloat16 where the processor has no such products, are emulated: the values are
    /// rounded and multiplied as float32.
    package final class OneDNNMatmul: Matmul {
        package let name = "onednn"
        package let multipliesBFloat16: Bool

        /// The library's version and the instructions that it uses on this processor.
        package var configuration: String {
            let version = dnnl_version().pointee
            return "oneDNN \(version.major).\(version.minor).\(version.patch), \(String(cString: onednn_instructions()))"
        }

        /// The one engine of the process. Unchecked: a handle of C, which the library lets any thread use.
        private struct Engine: @unchecked Sendable {
            let handle: dnnl_engine_t
        }

        /// A product of one size, or a copy. Unchecked: a pointer to what never changes once it is made, and the library
        /// lets any thread run it, with a scratchpad of its own.
        private final class Product: @unchecked Sendable {
            let pointer: UnsafeMutablePointer<onednn_product>
            init(_ value: onednn_product) {
                pointer = .allocate(capacity: 1)
                pointer.initialize(to: value)
            }
            deinit {
                onednn_product_free(pointer)
                pointer.deallocate()
            }
        }

        private struct Key: Hashable {
            let rows: Int
            let columns: Int
            let summed: Int
            let isBFloat16: Bool
            let resultIsBFloat16: Bool
            let accumulates: Bool
        }

        /// A copy of a plain matrix into the layout of weights of its size, or the reverse.
        private struct CopyKey: Hashable {
            let rows: Int
            let columns: Int
            let stride: Int
            let isTransposed: Bool
            let isBFloat16: Bool
            let unpacks: Bool
        }

        private let engine: Engine
        private let products = Mutex<[Key: Product]>([:])
        private let copies = Mutex<[CopyKey: Product]>([:])
        private let splittable = Mutex<[Key: Bool]>([:])

        /// Made once: the library means an engine to live as long as the process.
        private static let sharedEngine: Engine? = {
            useOneThread()
            return onednn_engine().map(Engine.init)
        }()

        /// - Returns: `nil` where the library has no engine for this processor
        package init?() {
            guard let engine = Self.sharedEngine else { return nil }
            self.engine = engine
            multipliesBFloat16 = onednn_multiplies_bfloat16()
        }

        /// Columns that can be computed apart from the others, for products of few rows.
        private static let panelWidth = 256

        private final class Packed: PackedMatrix {
            let rows: Int
            let columns: Int
            let ownsValues = true
            let precision: Precision
            /// Whether the library reads bfloat16; otherwise float32.
            let isBFloat16: Bool
            let storage: Storage
            private let matmul: OneDNNMatmul

            /// Looked at when columns are to be shared, which training seldom asks for.
            var columnGrain: Int {
                matmul.panelsLieApart(rows: rows, columns: columns, isBFloat16) ? OneDNNMatmul.panelWidth : columns
            }

            init(_ matrix: MatrixOperand, precision: Precision, isBFloat16: Bool, storage: Storage, _ matmul: OneDNNMatmul) {
                (rows, columns) = (matrix.rows, matrix.columns)
                self.precision = precision
                self.isBFloat16 = isBFloat16
                self.storage = storage
                self.matmul = matmul
            }
        }

        /// In values. Output projections have as many, and their columns are shared by threads.
        private static let largeMatrix = 1 << 22

        package func pack(_ matrix: MatrixOperand, precision: Precision) -> any PackedMatrix {
            Self.useOneThread()
            let isReal = precision == .bfloat16 && multipliesBFloat16
            // Matrices of this size are compared now, so that these do not lie in memory beside the packed one later.
            if matrix.rows * matrix.columns >= Self.largeMatrix { _ = panelsLieApart(rows: matrix.rows, columns: matrix.columns, isReal) }
            // The library reads float32, or bfloat16 for real products; all else is converted before.
            let plain = matrix.converted(to: precision, keptAs: isReal ? .bfloat16 : .float32)
            return Packed(
                matrix, precision: precision, isBFloat16: isReal, storage: packed(plain, columns: 0..<matrix.columns), self)
        }

        private func packed(_ plain: MatrixOperand, columns: Range<Int>) -> Storage {
            let isBFloat16 = plain.precision == .bfloat16
            let product = packingProduct(rows: plain.rows, columns: columns.count, isBFloat16)
            let storage = Storage(bytes: Int(onednn_weights_bytes(product.pointer)))
            let start = plain.isTransposed ? columns.lowerBound * plain.stride : columns.lowerBound
            let copy = copy(
                CopyKey(
                    rows: plain.rows, columns: columns.count, stride: plain.stride, isTransposed: plain.isTransposed,
                    isBFloat16: isBFloat16, unpacks: false))
            let isDone = onednn_copy_run(
                engine.handle, copy.pointer, plain.address + start * plain.precision.size, storage.pointer)
            precondition(isDone, "oneDNN cannot pack a matrix of [\(plain.rows), \(columns.count)]")
            return withExtendedLifetime(plain.owner) { storage }
        }

        /// Whether the columns of a panel lie together in a packed matrix of this size, as they would alone.
        /// Which layout the library chooses is its own affair, so the first and the last panel of a matrix
        /// of different values are compared, once a size.
        private func panelsLieApart(rows: Int, columns: Int, _ isBFloat16: Bool) -> Bool {
            guard columns > Self.panelWidth else { return false }
            let size = packingKey(rows: rows, columns: columns, isBFloat16)
            if let known = splittable.withLock({ $0[size] }) { return known }
            let result = comparePanels(rows: rows, columns: columns, isBFloat16)
            StoragePool.shared.trim()
            splittable.withLock { $0[size] = result }
            return result
        }

        private func comparePanels(rows: Int, columns: Int, _ isBFloat16: Bool) -> Bool {
            let precision: Precision = isBFloat16 ? .bfloat16 : .float32
            let values = Storage(bytes: precision.size * rows * columns)
            for index in 0..<rows * columns * precision.size / 2 {
                // No two neighbours in any direction are the same.
                values.shorts[index] = UInt16(truncatingIfNeeded: index &* 40503 >> 3) & 0x3FFF
            }
            let matrix = MatrixOperand(
                address: UnsafeRawPointer(values.pointer), precision: precision, stride: columns, rows: rows, columns: columns,
                isTransposed: false, owner: values)
            let (whole, panelBytes) = (packed(matrix, columns: 0..<columns), bytes(rows: rows, columns: Self.panelWidth, isBFloat16))
            return [0, (columns - 1) / Self.panelWidth].allSatisfy { panel in
                let range = panel * Self.panelWidth..<min((panel + 1) * Self.panelWidth, columns)
                let size = bytes(rows: rows, columns: range.count, isBFloat16)
                guard panel * panelBytes + size <= bytes(rows: rows, columns: columns, isBFloat16) else { return false }
                let alone = packed(matrix, columns: range)
                return withExtendedLifetime((whole, alone)) {
                    memcmp(alone.pointer, whole.pointer + panel * panelBytes, size) == 0
                }
            }
        }

        private func bytes(rows: Int, columns: Int, _ isBFloat16: Bool) -> Int {
            Int(onednn_weights_bytes(packingProduct(rows: rows, columns: columns, isBFloat16).pointer))
        }

        package func unpack(_ b: any PackedMatrix, into target: UnsafeMutableRawPointer) {
            guard let b = b as? Packed else { preconditionFailure("a matrix that another product packed") }
            Self.useOneThread()
            let isPlain = b.precision == (b.isBFloat16 ? .bfloat16 : .float32)
            let floats = isPlain ? nil : Storage(bytes: 4 * b.rows * b.columns)
            let copy = copy(
                CopyKey(
                    rows: b.rows, columns: b.columns, stride: b.columns, isTransposed: false, isBFloat16: b.isBFloat16,
                    unpacks: true))
            let isDone = onednn_copy_run(engine.handle, copy.pointer, b.storage.pointer, floats?.pointer ?? target)
            precondition(isDone, "oneDNN cannot unpack a matrix of [\(b.rows), \(b.columns)]")
            if let floats { convert_values(Int64(b.rows * b.columns), 0, floats.pointer, b.precision.code, target) }
        }

        package func multiply(
            rows: Int, _ a: ConstantRows, by b: any PackedMatrix, columns: Range<Int>, into c: MutableRows, accumulating: Bool
        ) {
            guard let b = b as? Packed else { preconditionFailure("a matrix that another product packed") }
            Self.useOneThread()
            // The library's fast kernels read and write rows without gaps.
            let (left, copy) = a.converted(
                rows: rows, width: b.rows, to: b.isBFloat16 ? .bfloat16 : .float32, unitWidth: 1, withoutGaps: rows > 1)
            let ranges =
                columns == 0..<b.columns
                ? [columns]
                : stride(from: columns.lowerBound, to: columns.upperBound, by: b.columnGrain).map {
                    $0..<min($0 + b.columnGrain, columns.upperBound)
                }
            for range in ranges {
                let target = c.address + (range.lowerBound - columns.lowerBound) * c.precision.size
                let isDirect =
                    (c.precision == .float32 || b.isBFloat16 && c.precision == .bfloat16)
                    && (rows == 1 || c.stride == range.count)
                let product = product(
                    Key(
                        rows: rows, columns: range.count, summed: b.rows, isBFloat16: b.isBFloat16,
                        resultIsBFloat16: isDirect && c.precision == .bfloat16, accumulates: isDirect && accumulating))
                let panel = range.lowerBound / Self.panelWidth
                let panelBytes = panel == 0 ? 0 : bytes(rows: b.rows, columns: Self.panelWidth, b.isBFloat16)
                let weights = b.storage.pointer + panel * panelBytes
                guard !isDirect else {
                    run(product, left.address, weights, target)
                    continue
                }
                let sums = Storage(bytes: 4 * rows * range.count)
                run(product, left.address, weights, sums.pointer)
                store_rows(
                    Int64(rows), Int64(range.count), sums.floats, Int64(range.count), accumulating ? 1 : 0, c.precision.code,
                    target, Int64(c.stride))
            }
            withExtendedLifetime(copy) {}
        }

        private func run(
            _ product: Product, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer
        ) {
            let bytes = Int(product.pointer.pointee.scratch_bytes)
            let isDone = withUnsafeTemporaryAllocation(byteCount: max(bytes, 64), alignment: 64) {
                onednn_run(engine.handle, product.pointer, a, b, c, $0.baseAddress)
            }
            precondition(isDone, "oneDNN refused to run a product that it made")
        }

        private func product(_ key: Key) -> Product {
            if let known = products.withLock({ $0[key] }) { return known }
            let layout =
                key == packingKey(rows: key.summed, columns: key.columns, key.isBFloat16)
                ? nil : onednn_weights_desc(packingProduct(rows: key.summed, columns: key.columns, key.isBFloat16).pointer)
            var value = onednn_product()
            let isDone = onednn_product_create(
                engine.handle, Int64(key.rows), Int64(key.columns), Int64(key.summed), key.isBFloat16, layout,
                key.resultIsBFloat16, key.accumulates, &value)
            precondition(isDone, "oneDNN has no product of [\(key.rows), \(key.summed)] by [\(key.summed), \(key.columns)]")
            return Self.kept(Product(value), as: key, in: products)
        }

        /// The product for whose weights the library chooses the layout in which all of this size are packed.
        private func packingProduct(rows: Int, columns: Int, _ isBFloat16: Bool) -> Product {
            product(packingKey(rows: rows, columns: columns, isBFloat16))
        }

        private func packingKey(rows: Int, columns: Int, _ isBFloat16: Bool) -> Key {
            Key(
                rows: 64, columns: columns, summed: rows, isBFloat16: isBFloat16, resultIsBFloat16: false, accumulates: false)
        }

        private func copy(_ key: CopyKey) -> Product {
            if let known = copies.withLock({ $0[key] }) { return known }
            let weights = packingProduct(rows: key.rows, columns: key.columns, key.isBFloat16)
            var value = onednn_product()
            let isDone = onednn_copy_create(
                engine.handle, Int64(key.rows), Int64(key.columns), Int64(key.stride), key.isTransposed, key.isBFloat16,
                weights.pointer, key.unpacks, &value)
            precondition(isDone, "oneDNN cannot copy a matrix of [\(key.rows), \(key.columns)]")
            return Self.kept(Product(value), as: key, in: copies)
        }

        /// Of two threads that make the same, the first one's stays: it may be in use.
        private static func kept<Size: Hashable & Sendable>(
            _ product: Product, as size: Size, in known: borrowing Mutex<[Size: Product]>
        ) -> Product {
            known.withLock { known in
                if let first = known[size] { return first }
                known[size] = product
                return product
            }
        }

        /// Tells OpenMP once a thread that the library computes on this thread alone.
        private static func useOneThread() {
            if is_first_visit_of_thread() { onednn_use_one_thread() }
        }
    }
#endif
