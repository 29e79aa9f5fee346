/// ggml's numbers and names of element types.
enum GGUFElementType {
    /// Every type that ggml has or had; those without an ``ElementType`` are known by name alone.
    static let known: [(number: UInt32, name: String, type: ElementType?)] = [
        (0, "F32", .float32), (1, "F16", .float16), (30, "BF16", .bfloat16), (28, "F64", .float64),
        (8, "Q8_0", .q8_0), (2, "Q4_0", .q4_0), (3, "Q4_1", .q4_1), (6, "Q5_0", .q5_0), (7, "Q5_1", .q5_1),
        (10, "Q2_K", .q2K), (11, "Q3_K", .q3K), (12, "Q4_K", .q4K), (13, "Q5_K", .q5K), (14, "Q6_K", .q6K),
        (20, "IQ4_NL", .iq4NL), (23, "IQ4_XS", .iq4XS), (39, "MXFP4", .mxfp4), (34, "TQ1_0", .tq1_0), (35, "TQ2_0", .tq2_0),
        (24, "I8", .int8), (25, "I16", .int16), (26, "I32", .int32), (27, "I64", .int64),
        (4, "Q4_2", nil), (5, "Q4_3", nil), (9, "Q8_1", nil), (15, "Q8_K", nil),
        (16, "IQ2_XXS", nil), (17, "IQ2_XS", nil), (18, "IQ3_XXS", nil), (19, "IQ1_S", nil),
        (21, "IQ3_S", nil), (22, "IQ2_S", nil), (29, "IQ1_M", nil),
        (31, "Q4_0_4_4", nil), (32, "Q4_0_4_8", nil), (33, "Q4_0_8_8", nil),
        (36, "IQ4_NL_4_4", nil), (37, "IQ4_NL_4_8", nil), (38, "IQ4_NL_8_8", nil),
        (40, "NVFP4", nil), (41, "Q1_0", nil),
    ]

    /// - Throws: ``TensorFileError/unsupported(_:)``, which names the tensor
    static func type(_ number: UInt32, of tensor: String) throws(TensorFileError) -> ElementType {
        let entry = known.first { $0.number == number }
        if let type = entry?.type { return type }
        let kind = entry.map { "quantised as \($0.name)" } ?? "of ggml's type \(number)"
        let readable = known.compactMap { $0.type == nil ? nil : $0.name }.joined(separator: ", ")
        throw .unsupported("'\(tensor)' is \(kind), which is not read here; \(readable) are")
    }

    /// `nil` for a type that GGUF does not have.
    static func number(_ type: ElementType) -> UInt32? { known.first { $0.type == type }?.number }
}
