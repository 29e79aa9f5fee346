/// How the rows of a matrix are dealt to cores: blocks large enough that a product's other operand is
/// read from the cache often enough, and of one size and number so that cores finish together. The cut
/// depends on the number of rows alone.
///
/// The last block may run over the last row, up to the next multiple of ``Tensor/rowBlock``, which is
/// allocated with every tensor: products then come in few sizes.
struct RowBlocks {
    private let rows: Int
    private let height: Int
    let count: Int

    init(_ rows: Int) {
        self.rows = rows
        let unit = Tensor.rowBlock
        guard rows >= 48 else {
            (height, count) = (max(rows, 1), rows == 0 ? 0 : 1)
            return
        }
        // An even number of blocks, a multiple of eight where there are many.
        let target = rows >= 4096 ? 128 : 64
        let least = (rows + target - 1) / target
        let step = least > 8 ? 8 : 2
        let blocks = (least + step - 1) / step * step
        height = ((rows + blocks - 1) / blocks + unit - 1) / unit * unit
        count = (rows + height - 1) / height
    }

    subscript(_ index: Int) -> Range<Int> {
        let end = min((index + 1) * height, rows)
        let unit = Tensor.rowBlock
        return index * height..<(count == 1 ? end : (end + unit - 1) / unit * unit)
    }
}
