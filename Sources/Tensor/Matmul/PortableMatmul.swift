import CKernels

/// The product in our own C: it runs everywhere, serves where no library is to be had or trusted, and is
/// as fast as the libraries where the processor has vectors of 512 bits.
package struct PortableMatmul: Matmul {
    package let name: String
    package let multipliesBFloat16: Bool

    /// - Parameter emulatesBFloat16: rounds and multiplies as float32 even where the processor has
    ///   bfloat16 products
    package init(emulatesBFloat16: Bool = false) {
        multipliesBFloat16 = !emulatesBFloat16 && has_bfloat16_products() != 0
        name = emulatesBFloat16 ? "portable-emulated" : "portable"
    }

    /// Panels of 64 columns, one behind the other, each of `units` rows.
    private final class Panels: PackedMatrix {
        static let width = 64

        let rows: Int
        let columns: Int
        let columnGrain = Panels.width
        let ownsValues = true
        let precision: Precision
        let unit: Int32
        let storage: Storage

        var units: Int { Int(unit_count(unit, Int64(rows))) }

        init(rows: Int, columns: Int, precision: Precision, unit: Int32) {
            self.rows = rows
            self.columns = columns
            self.precision = precision
            self.unit = unit
            let panels = (columns + Panels.width - 1) / Panels.width
            storage = Storage(bytes: 4 * panels * Panels.width * Int(unit_count(unit, Int64(rows))))
        }

        func panel(_ index: Int) -> UnsafeMutableRawPointer {
            storage.pointer + 4 * index * Panels.width * units
        }
    }

    package func pack(_ matrix: MatrixOperand, precision: Precision) -> any PackedMatrix {
        let isReal = precision == .bfloat16 && multipliesBFloat16
        let unit = Int32(isReal ? unit_pair : unit_float)
        let packed = Panels(rows: matrix.rows, columns: matrix.columns, precision: precision, unit: unit)
        let plain = matrix.converted(to: precision, keptAs: isReal ? .bfloat16 : .float32)
        for first in stride(from: 0, to: matrix.columns, by: Panels.width) {
            let width = min(Panels.width, matrix.columns - first)
            let (rows, columns) = matrix.isTransposed ? (width, matrix.rows) : (matrix.rows, width)
            let start = plain.address + (plain.isTransposed ? first * plain.stride : first) * plain.precision.size
            let pack = matrix.isTransposed ? pack_transposed : pack_rows
            pack(
                unit, Int64(rows), Int64(columns), plain.precision.code, start, Int64(plain.stride),
                packed.panel(first / Panels.width), Int64(Panels.width))
        }
        return withExtendedLifetime(plain.owner) { packed }
    }

    package func unpack(_ b: any PackedMatrix, into target: UnsafeMutableRawPointer) {
        guard let b = b as? Panels else { preconditionFailure("a matrix that another product packed") }
        for first in stride(from: 0, to: b.columns, by: Panels.width) {
            unpack_rows(
                b.unit, Int64(b.rows), Int64(min(Panels.width, b.columns - first)), b.precision.code,
                b.panel(first / Panels.width), Int64(Panels.width), target + first * b.precision.size, Int64(b.columns))
        }
    }

    package func multiply(
        rows: Int, _ a: ConstantRows, by b: any PackedMatrix, columns: Range<Int>, into c: MutableRows, accumulating: Bool
    ) {
        guard let b = b as? Panels else { preconditionFailure("a matrix that another product packed") }
        let isReal = b.unit == Int32(unit_pair)
        // Whole units are read, so rows of an odd number of pairs' values come from a padded copy.
        let (left, copy) = a.converted(
            rows: rows, width: b.rows, to: isReal ? .bfloat16 : .float32, unitWidth: isReal ? 2 : 1)
        let leftStride = isReal ? left.stride / 2 : left.stride
        let sums = Storage(bytes: 4 * rows * Panels.width)
        let sumsPointer = sums.pointer.assumingMemoryBound(to: Float.self)
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: Panels.width) {
            let width = min(Panels.width, columns.upperBound - first)
            multiply_units(
                b.unit, Int64(rows), Int64(width), Int64(b.units), left.address, Int64(leftStride), 1,
                b.panel(first / Panels.width), Int64(Panels.width), 0, sumsPointer, Int64(Panels.width))
            store_rows(
                Int64(rows), Int64(width), sumsPointer, Int64(Panels.width), accumulating ? 1 : 0, c.precision.code,
                c.address + (first - columns.lowerBound) * c.precision.size, Int64(c.stride))
        }
        withExtendedLifetime((copy, sums)) {}
    }
}
