/// How the rows of a matrix are dealt to cores: blocks large enough that a product's other operand is
/// read from the cache often enough, and of so even a size and number that cores finish together. The
/// cut depends on the number of rows alone.
///
/// Blocks begin at multiples of ``Tensor/rowBlock``, and the last one ends at the multiple behind the
/// last row, which is allocated with every tensor: products then come in few sizes.
struct RowBlocks {
    let count: Int
    private let rows: Int

    init(_ rows: Int) {
        self.rows = rows
        guard rows >= 48 else {
            count = rows == 0 ? 0 : 1
            return
        }
        let target = rows >= 4096 ? 128 : 64
        let least = (rows + target - 1) / target
        let step = least > 4 ? 4 : 2
        count = (least + step - 1) / step * step
    }

    subscript(_ index: Int) -> Range<Int> {
        guard count > 1 else { return 0..<rows }
        let unit = Tensor.rowBlock
        let units = (rows + unit - 1) / unit
        return index * units / count * unit..<(index + 1) * units / count * unit
    }
}
