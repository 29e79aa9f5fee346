/// AWQ in the version `gemm`: as ``GPTQPacking`` in 4 bits, but the integers of a word are neighbours in a row, in the order of
/// columns 0, 2, 4, 6, 1, 3, 5, 7, and zero points are as they are.
///
/// `X.qweight` is `[in, out / 8]`, `X.qzeros` `[groups, out / 8]`, `X.scales` `[groups, out]`.
struct AWQPacking: WeightPacking {
    static let marks = [".qweight"]
    static let parts = [".weight", ".qweight", ".qzeros", ".scales"]

    private let groupSize: Int

    init?(_ settings: PackingSettings) throws(TensorFileError) {
        guard settings.method == "awq" else { return nil }
        _ = try settings.integer("bits", among: [4], default: settings.integer("w_bit") ?? 4)
        groupSize = try settings.groupSize()
        let version = try settings.text("version", "format") ?? "gemm"
        guard version == "gemm" else {
            throw settings.unsupported("the version '\(version.prefix(40))' of AWQ is not read, gemm is")
        }
        if try settings.text("backend") == "llm-awq" { throw settings.unsupported("the layout of llm-awq is not read, AutoAWQ's is") }
        if try settings.bool("zero_point") == false { throw settings.unsupported("AWQ without zero points is not read") }
    }

    var summary: String { "AWQ 4-bit, " + (groupSize < 0 ? "a group a row" : "groups of \(groupSize)") }

    /// At which place of a word each of eight columns stands.
    private static let places: [Int32] = [0, 4, 1, 5, 2, 6, 3, 7]

    func weight(of module: PackedModule) throws(TensorFileError) -> StoredTensor {
        let words = try module.part(".qweight", [.int32, .uint32], dimensions: 2)
        let columns = words.shape[1].multipliedReportingOverflow(by: 8)
        guard !columns.overflow else { throw module.wrong("words of the shape \(words.shape)") }
        let columnGroups = GroupedColumns(
            bits: 4, rows: words.shape[0], columns: columns.partialValue, groupSize: groupSize, zeroOffset: 0, places: Self.places)
        return try columnGroups.weight(of: module, words)
    }
}
