import CKernels

/// Rows of one length in float64, for decompositions that the rounding of float32 would spoil.
struct DoubleRows {
    /// The number of values of a row.
    let width: Int
    private(set) var values: [Double]

    /// No rows.
    init(width: Int) { self.init(width: width, values: []) }

    /// - Parameter values: row by row
    init(width: Int, values: [Double]) {
        precondition(width > 0 && values.count % width == 0, "\(values.count) values are no rows of \(width)")
        (self.width, self.values) = (width, values)
    }

    /// `count` rows from a normal distribution.
    init(width: Int, random count: Int, _ generator: inout RandomGenerator) {
        self.init(width: width, values: (0..<count * width).map { _ in Double(generator.normal()) })
    }

    var count: Int { values.count / width }

    /// Some of the rows.
    subscript(_ rows: Range<Int>) -> DoubleRows {
        DoubleRows(width: width, values: Array(values[rows.lowerBound * width..<rows.upperBound * width]))
    }

    mutating func append(_ rows: DoubleRows) { values += rows.values }

    /// The length of each row.
    var lengths: [Double] {
        (0..<count).map { row in
            values[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
    }

    mutating func scale(row: Int, by factor: Double) {
        for place in row * width..<(row + 1) * width { values[place] *= factor }
    }

    /// The product of each row with each of the others, `[count, others.count]`.
    func products(with others: DoubleRows) -> [Double] {
        precondition(others.width == width, "rows of one length")
        var products = [Double](repeating: 0, count: count * others.count)
        let (number, otherNumber) = (count, others.count)
        products.withUnsafeMutableBufferPointer { products in
            values.withUnsafeBufferPointer { x in
                others.values.withUnsafeBufferPointer { y in
                    guard let start = products.baseAddress, let x = x.baseAddress, let y = y.baseAddress else { return }
                    Parallel.ranges(number, grain: 16) {
                        double_row_products(
                            Int64(width), Int64($0.count), x + $0.lowerBound * width, Int64(otherNumber), y,
                            start + $0.lowerBound * otherNumber)
                    }
                }
            }
        }
        return products
    }

    /// Adds to each row a sum of others.
    ///
    /// - Parameter factors: `[others.count, count]`
    mutating func add(_ others: DoubleRows, times factors: [Double]) {
        precondition(others.width == width && factors.count == others.count * count, "a factor for each pair of rows")
        let (width, number, otherNumber) = (width, count, others.count)
        values.withUnsafeMutableBufferPointer { y in
            others.values.withUnsafeBufferPointer { x in
                guard let y = y.baseAddress, let x = x.baseAddress else { return }
                Parallel.ranges(width, grain: 512) {
                    add_double_rows(
                        Int64(width), Int64($0.lowerBound), Int64($0.upperBound), Int64(otherNumber), x, factors, Int64(number), y)
                }
            }
        }
    }

    /// Takes off what the rows have of orthonormal ones.
    ///
    /// - Returns: how much that was, `[basis.count, count]`
    @discardableResult
    mutating func takeOff(_ basis: DoubleRows) -> [Double] {
        let parts = basis.products(with: self)
        add(basis, times: parts.map { -$0 })
        return parts
    }

    /// Orthonormal rows of the same span, one after the other, by Gram and Schmidt's method, each twice.
    ///
    /// - Parameters:
    ///   - limit: of their number
    ///   - least: for each row the length below which what the rows before it leave of it is nothing; such a row is left out
    /// - Returns: the orthonormal rows, and what each of these rows has of each of them, `[rows.count, count]`
    func orthonormalized(limit: Int, least: [Double]) -> (rows: DoubleRows, parts: [Double]) {
        var result = DoubleRows(width: width)
        var parts: [[Double]] = []
        for index in 0..<count {
            var row = self[index..<index + 1]
            var mine = [Double](repeating: 0, count: result.count)
            for _ in 0..<2 { for (place, part) in row.takeOff(result).enumerated() { mine[place] += part } }
            let length = row.lengths[0]
            if result.count < limit, length > least[index] {
                row.scale(row: 0, by: 1 / length)
                result.append(row)
                mine.append(length)
            }
            parts.append(mine)
        }
        let count = result.count
        return (result, (0..<count).flatMap { kept in parts.map { kept < $0.count ? $0[kept] : 0 } })
    }
}

extension Tensor {
    /// `rows · Wᵀ W`, where this is W `[m, n]`: a pass over W, in float64.
    func gramProduct(_ rows: DoubleRows) -> DoubleRows {
        let (blocks, weight) = (RowBlocks(self.rows), pointer)
        var parts = [Double](repeating: 0, count: blocks.count * rows.values.count)
        parts.withUnsafeMutableBufferPointer { parts in
            rows.values.withUnsafeBufferPointer { x in
                guard let start = parts.baseAddress, let x = x.baseAddress else { return }
                Parallel.forEach(blocks.count) {
                    let block = blocks[$0]
                    double_rows_times_gram(
                        Int64(width), Int64(block.lowerBound), Int64(min(block.upperBound, self.rows)), weight, Int64(rows.count), x,
                        start + $0 * rows.values.count)
                }
            }
        }
        var sum = Array(parts.prefix(rows.values.count))
        sum.withUnsafeMutableBufferPointer { sum in
            parts.withUnsafeBufferPointer { parts in
                for block in 1..<max(blocks.count, 1) { for place in sum.indices { sum[place] += parts[block * sum.count + place] } }
            }
        }
        return DoubleRows(width: rows.width, values: sum)
    }

    /// `rows · Wᵀ`, where this is W `[m, n]`, in float64.
    func productWithTransposed(_ rows: DoubleRows) -> DoubleRows {
        let (blocks, weight) = (RowBlocks(self.rows), pointer)
        var result = [Double](repeating: 0, count: rows.count * self.rows)
        result.withUnsafeMutableBufferPointer { result in
            rows.values.withUnsafeBufferPointer { x in
                guard let start = result.baseAddress, let x = x.baseAddress else { return }
                Parallel.forEach(blocks.count) {
                    let block = blocks[$0]
                    double_rows_times(
                        Int64(width), Int64(block.lowerBound), Int64(min(block.upperBound, self.rows)), weight, Int64(rows.count), x,
                        Int64(self.rows), start)
                }
            }
        }
        return DoubleRows(width: self.rows, values: result)
    }
}
