/// The names that a pickle has for types of elements: of storages, as `torch.FloatStorage`, and where a storage has none of its
/// own, as `torch.float8_e4m3fn`.
enum PickleTypes {
    private static let prefix = "torch."

    /// Types of PyTorch that are not read.
    private static let others: Set<String> = [
        "uint16", "uint64", "float4_e2m1fn_x2", "complex32", "bits8", "bits16", "bits1x8", "bits2x4", "bits4x2", "qint8", "qint32",
        "quint8", "quint2x4", "quint4x2", "int1", "int2", "int3", "int4", "int5", "int6", "int7", "uint1", "uint2", "uint3", "uint4",
        "uint5", "uint6", "uint7",
    ]

    /// Whether the name is that of a type.
    static func isType(_ name: String) -> Bool {
        name.hasPrefix(prefix) && (elementType(name) != nil || others.contains(String(name.dropFirst(prefix.count))))
    }

    /// - Returns: `nil` for a type that is not read
    static func elementType(_ name: String) -> ElementType? {
        guard name.hasPrefix(prefix), let type = ElementType(rawValue: String(name.dropFirst(prefix.count))), !type.isQuantized else {
            return nil
        }
        return type
    }

    /// - Returns: `nil` for a name that no storage of one type has
    static func elementType(ofStorage name: String) -> ElementType? {
        switch name {
        case "torch.DoubleStorage": .float64
        case "torch.FloatStorage": .float32
        case "torch.HalfStorage": .float16
        case "torch.BFloat16Storage": .bfloat16
        case "torch.LongStorage": .int64
        case "torch.IntStorage": .int32
        case "torch.ShortStorage": .int16
        case "torch.CharStorage": .int8
        case "torch.ByteStorage": .uint8
        case "torch.BoolStorage": .bool
        case "torch.ComplexFloatStorage": .complex64
        case "torch.ComplexDoubleStorage": .complex128
        default: nil
        }
    }
}
