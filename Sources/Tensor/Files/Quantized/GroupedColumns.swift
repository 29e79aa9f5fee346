import CKernels

/// A weight that lies transposed as integers in words of 32 bits, with a zero point and a scale for each group of rows of each
/// column: what GPTQ and AWQ have in common.
struct GroupedColumns: Sendable {
    let bits: Int
    /// The inputs of the layer, and its outputs.
    let rows, columns: Int
    /// -1 for all rows.
    let groupSize: Int
    /// What is to be added to the zero points that are stored.
    let zeroOffset: Int
    /// At which place of a word each of the columns in it stands; `nil` where words hold rows.
    let places: [Int32]?

    /// `[columns, rows]`: `(integer - zero) * scale`, rounded to the type of the scales.
    ///
    /// - Throws: ``TensorFileError/unsupported(_:)`` where the parts do not go together
    func weight(of module: PackedModule, _ words: StoredTensor) throws(TensorFileError) -> StoredTensor {
        guard rows > 0, columns > 0, columns % (32 / bits) == 0 else { throw module.wrong("words of the shape \(words.shape)") }
        let size = groupSize < 0 ? rows : groupSize
        let groups = (rows + size - 1) / size
        let scales = try module.part(".scales", PackedModule.floats, shape: [groups, columns])
        let zeros = try module.part(".qzeros", [.int32, .uint32], shape: [groups, columns * bits / 32])
        let order = try groupsOfRows(module, groups: groups, size: size)
        let type = scales.elementType
        return try module.weight([columns, rows], type, from: words) {
            let (scales, zeros, code) = (scales.scales, zeroPoints(zeros), type.precision?.code ?? 0)
            return { words, range, target in
                unpack_columns(
                    Int64(range.lowerBound), Int64(range.count), Int64(rows), Int64(columns), Int32(bits), words, places, order, zeros,
                    scales, code, target)
            }
        }
    }

    /// The group of each row.
    private func groupsOfRows(_ module: PackedModule, groups: Int, size: Int) throws(TensorFileError) -> [Int32] {
        guard module.has(".g_idx") else { return (0..<rows).map { Int32($0 / size) } }
        let indices = try module.part(".g_idx", [.int32, .int64], shape: [rows]).integers()
        guard indices.allSatisfy({ 0..<groups ~= $0 }) else { throw module.wrong("'\(module.name).g_idx' names groups that are not there") }
        return indices.map { Int32($0) }
    }

    /// `[groups, columns]`.
    private func zeroPoints(_ words: StoredTensor) -> [Float] {
        guard let words = try? words.integers() else { preconditionFailure("\(words.elementType) holds no integers") }
        let (perWord, mask) = (32 / bits, 1 << bits - 1)
        return (0..<words.count * perWord).map { place in
            let column = place % perWord
            let shift = Int(places?[column] ?? Int32(column)) * bits
            return Float((words[place / perWord] >> shift & mask) + zeroOffset)
        }
    }
}
