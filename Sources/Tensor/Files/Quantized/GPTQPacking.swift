/// GPTQ: integers of a few bits less a zero point, times a scale, for groups of input columns.
///
/// `X.qweight` `[in * bits / 32, out]` has integers below each other in words, `X.qzeros` `[groups, out * bits / 32]` the zero
/// points beside each other, less 1 unless the format is `gptq_v2`; `X.scales` is `[groups, out]`, and `X.g_idx` `[in]` has
/// the group of each column. Products are rounded to the type of the scales.
struct GPTQPacking: WeightPacking {
    static let marks = [".qweight"]
    static let parts = [".weight", ".qweight", ".qzeros", ".scales", ".g_idx"]

    private let bits: Int
    private let groupSize: Int
    private let zeroOffset: Int

    init?(_ settings: PackingSettings) throws(TensorFileError) {
        guard settings.method == "gptq" else { return nil }
        bits = try settings.integer("bits", among: [2, 4, 8])
        groupSize = try settings.groupSize()
        if try settings.bool("is_marlin_format") == true { throw settings.unsupported("the format 'marlin' of GPTQ is not read") }
        let format = try settings.text("checkpoint_format", "format") ?? "gptq"
        guard ["gptq", "gptq_v2"].contains(format) else {
            throw settings.unsupported("the format '\(format.prefix(40))' of GPTQ is not read; gptq and gptq_v2 are")
        }
        zeroOffset = format == "gptq" ? 1 : 0
        // Rules that begin with a minus leave modules as they were.
        if let rule = settings["dynamic"]?.object?.keys.first(where: { !$0.hasPrefix("-") }) {
            throw settings.unsupported("layers with settings of their own ('dynamic': '\(rule.prefix(40))') are not read")
        }
    }

    var summary: String { "GPTQ \(bits)-bit, " + (groupSize < 0 ? "a group a row" : "groups of \(groupSize)") }

    func weight(of module: PackedModule) throws(TensorFileError) -> StoredTensor {
        let words = try module.part(".qweight", [.int32, .uint32], dimensions: 2)
        let perWord = 32 / bits
        let rows = words.shape[0].multipliedReportingOverflow(by: perWord)
        guard !rows.overflow else { throw module.wrong("words of the shape \(words.shape)") }
        let columnGroups = GroupedColumns(
            bits: bits, rows: rows.partialValue, columns: words.shape[1], groupSize: groupSize, zeroOffset: zeroOffset, places: nil)
        return try columnGroups.weight(of: module, words)
    }
}

extension PackingSettings {
    /// How many input columns share a scale; -1 for all of them.
    func groupSize() throws(TensorFileError) -> Int {
        let size = try integer("group_size", "q_group_size") ?? 128
        guard size == -1 || 1...1 << 20 ~= size else { throw unsupported("'group_size' is \(size)") }
        return size
    }
}
