import CKernels

extension MatrixOperand {
    /// The operand with its values rounded to `precision` and kept as `kept` (that type or float32); the
    /// operand itself where it is so already. The rows of the result lie as those of the operand.
    func converted(to precision: Precision, keptAs kept: Precision) -> MatrixOperand {
        if self.precision == kept, self.precision == precision { return self }
        let storedRows = isTransposed ? columns : rows
        let storedColumns = isTransposed ? rows : columns
        let copy = Storage(bytes: kept.size * storedRows * storedColumns)
        Parallel.rows(storedRows, width: storedColumns) {
            for row in $0 {
                let target = copy.pointer + row * storedColumns * kept.size
                let source = address + row * stride * self.precision.size
                convert_values(Int64(storedColumns), self.precision.code, source, kept.code, target)
                if kept != precision {
                    let floats = target.assumingMemoryBound(to: Float.self)
                    round_f32(Int64(storedColumns), precision.code, floats, floats)
                }
            }
        }
        return MatrixOperand(
            address: UnsafeRawPointer(copy.pointer), precision: kept, stride: storedColumns, rows: rows, columns: columns,
            isTransposed: isTransposed, owner: copy)
    }
}

extension ConstantRows {
    /// The rows as `precision`, their width filled up with zeros to a multiple of `unitWidth`: the rows
    /// themselves, or a copy and what keeps it alive.
    func converted(
        rows: Int, width: Int, to precision: Precision, unitWidth: Int = 1, withoutGaps: Bool = false
    ) -> (ConstantRows, Storage?) {
        let isUsable = width % unitWidth == 0 && stride % unitWidth == 0 && !(withoutGaps && stride != width)
        if self.precision == precision, isUsable { return (self, nil) }
        let padded = (width + unitWidth - 1) / unitWidth * unitWidth
        let copy = Storage(bytes: precision.size * rows * padded)
        for row in 0..<rows {
            let target = copy.pointer + row * padded * precision.size
            convert_values(Int64(width), self.precision.code, address + row * stride * self.precision.size, precision.code, target)
            if padded > width {
                (target + width * precision.size).initializeMemory(as: UInt8.self, repeating: 0, count: (padded - width) * precision.size)
            }
        }
        return (ConstantRows(address: UnsafeRawPointer(copy.pointer), precision: precision, stride: padded), copy)
    }
}
