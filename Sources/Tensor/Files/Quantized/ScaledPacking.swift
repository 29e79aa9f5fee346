import CKernels

/// Weights of 8 bits times scales: transformers' `fp8` with a scale for each block, `fbgemm_fp8` with one for each row,
/// and the formats of compressed-tensors that have no zero points.
///
/// `X.weight` `[out, in]` is E4M3 or signed bytes. `X.weight_scale_inv` or `X.weight_scale` is one number, one for each row
/// `[out, 1]`, or one for each block; blocks at the edges may be smaller. Scales of activations are passed over: what is
/// computed here with the weights has activations that are not quantised.
struct ScaledPacking: WeightPacking {
    static let marks = [".weight_scale_inv", ".weight_scale"]
    static let parts = [
        ".weight", ".weight_scale_inv", ".weight_scale", ".weight_zero_point", ".input_scale", ".input_scale_ub", ".activation_scale",
        ".input_zero_point",
    ]

    let summary: String
    /// Rows and columns that share a scale, where the settings say it.
    private var block: [Int]?
    /// Columns that share a scale, in groups of a row.
    private var groupSize: Int?
    /// Whether values are rounded to the type of the scales.
    private var roundsToScales = false

    init?(_ settings: PackingSettings) throws(TensorFileError) {
        switch settings.method {
        case "fp8":
            if let format = try settings.text("fmt"), format != "e4m3" {
                throw settings.unsupported("the format '\(format.prefix(40))' of FP8 is not read, e4m3 is")
            }
            block = try Self.block(settings, "weight_block_size")
            summary = "FP8" + (block.map { ", blocks of \($0[0]) by \($0[1])" } ?? "")
        case "fbgemm_fp8": summary = "FP8 of FBGEMM"
        case "compressed-tensors":
            let format = try settings.text("format") ?? "missing"
            guard ["float-quantized", "int-quantized", "naive-quantized"].contains(format) else {
                throw settings.unsupported(
                    "the format '\(format.prefix(40))' of compressed-tensors is not read; float-quantized, int-quantized and naive-quantized are"
                )
            }
            if let sparsity = try settings.nested("sparsity_config")?.text("format"), sparsity != "dense" {
                throw settings.unsupported("weights that are sparse ('\(sparsity.prefix(40))') are not read")
            }
            if let transform = settings["transform_config"]?.object, !transform.keys.isEmpty {
                throw settings.unsupported("weights that are turned ('transform_config') are not read")
            }
            roundsToScales = true
            summary = "compressed-tensors, \(format)"
            for group in settings["config_groups"]?.object?.keys ?? [] {
                guard let weights = try settings.nested("config_groups")?.nested(group)?.nested("weights") else { continue }
                _ = try weights.integer("num_bits", among: [8])
                if try weights.bool("symmetric") == false { throw weights.unsupported("zero points are not read") }
                if try weights.text("strategy") == "block" { block = try Self.block(weights, "block_structure") }
                if try weights.text("strategy") == "group" { groupSize = try weights.integer("group_size") }
            }
        default: return nil
        }
    }

    private static func block(_ settings: PackingSettings, _ key: String) throws(TensorFileError) -> [Int]? {
        guard let sizes = try settings.integers(key) else { return nil }
        guard sizes.count == 2, sizes.allSatisfy({ 1...1 << 20 ~= $0 }) else {
            throw settings.unsupported("'\(key)' is \(sizes), not the rows and columns of a block")
        }
        return sizes
    }

    func weight(of module: PackedModule) throws(TensorFileError) -> StoredTensor {
        let packed = try module.part(".weight", [.float8E4M3, .int8], dimensions: 2)
        let scales = try module.part(
            module.has(".weight_scale_inv") ? ".weight_scale_inv" : ".weight_scale", PackedModule.floats)
        if module.has(".weight_zero_point") { throw module.wrong("zero points are not read") }
        let (rows, columns) = (packed.shape[0], packed.shape[1])
        guard rows > 0, columns > 0, let (blockRows, blockColumns) = blocks(scales.shape, rows, columns) else {
            throw module.wrong("scales \(scales.shape) do not go with \(packed.shape)" + (block.map { " in blocks of \($0)" } ?? ""))
        }
        let table = Self.table(packed.elementType)
        let type = roundsToScales ? scales.elementType : .float32
        let blocksInRow = (columns + blockColumns - 1) / blockColumns
        return try module.weight([rows, columns], type, from: packed) {
            let (scales, code) = (scales.scales, type.precision?.code ?? 0)
            return { packed, rows, target in
                unpack_bytes(
                    Int64(rows.lowerBound), Int64(rows.count), Int64(columns), Int64(blockRows), Int64(blockColumns),
                    Int64(blocksInRow), packed + rows.lowerBound * columns, table, scales, 1, code, target)
            }
        }
    }

    /// Rows and columns of a block; `nil` where scales of this shape are for none.
    private func blocks(_ scales: [Int], _ rows: Int, _ columns: Int) -> (Int, Int)? {
        if scales.allSatisfy({ $0 == 1 }) { return (rows, columns) }
        if let block, scales == [(rows + block[0] - 1) / block[0], (columns + block[1] - 1) / block[1]] { return (block[0], block[1]) }
        if let groupSize, groupSize > 0, columns % groupSize == 0, scales == [rows, columns / groupSize] { return (1, groupSize) }
        if scales == [rows, 1] || scales == [rows] { return (1, columns) }
        return nil
    }

    /// The values that bytes stand for.
    static func table(_ type: ElementType) -> [Float] {
        Float8(type)?.values ?? (0..<256).map { Float(Int8(truncatingIfNeeded: $0)) }
    }
}
