import CKernels

/// MLX's groups of a row: integers of some bits in words, and for each group a scale and a least value,
/// `integer * scale + bias`.
///
/// `X.weight` `[out, in * bits / 32]` is a stream of bits, the lowest first; `X.scales` and `X.biases` are
/// `[out, in / group_size]`. Product and sum are rounded to the type of the scales, as `mlx.core.dequantize` does.
struct MLXPacking: WeightPacking {
    static let marks = [".scales"]
    static let parts = [".weight", ".scales", ".biases"]

    private struct Form: Equatable {
        var bits = 4
        var groupSize = 64

        init(_ settings: PackingSettings, default other: Form?) throws(TensorFileError) {
            bits = try settings.integer("bits", among: [2, 3, 4, 5, 6, 8], default: other?.bits ?? 4)
            groupSize = try settings.integer("group_size", among: [16, 32, 64, 128], default: other?.groupSize ?? 64)
            if let mode = try settings.text("mode"), mode != "affine" {
                throw settings.unsupported("MLX's mode '\(mode.prefix(40))' is not read, affine is")
            }
        }
    }

    private let form: Form
    /// Of modules that have another form, by their names.
    private var forms: [String: Form] = [:]

    init?(_ settings: PackingSettings) throws(TensorFileError) {
        guard settings.method == nil, settings["bits"] != nil || settings["group_size"] != nil || settings["mode"] != nil else {
            return nil
        }
        form = try Form(settings, default: nil)
        for key in settings.object.keys where settings[key]?.object != nil {
            if let own = try settings.nested(key) { forms[key] = try Form(own, default: form) }
        }
    }

    var summary: String {
        let others = forms.values.count { $0 != form }
        return "MLX \(form.bits)-bit, groups of \(form.groupSize)"
            + (others > 0 ? ", \(others) module\(others == 1 ? "" : "s") otherwise" : "")
    }

    func weight(of module: PackedModule) throws(TensorFileError) -> StoredTensor {
        let form = forms[module.name] ?? form
        let packed = try module.part(".weight", [.uint32], dimensions: 2)
        let scales = try module.part(".scales", PackedModule.floats, dimensions: 2)
        let biases = try module.part(".biases", [scales.elementType], shape: scales.shape)
        let (rows, width) = (packed.shape[0], scales.shape[1].multipliedReportingOverflow(by: form.groupSize))
        let bits = width.partialValue.multipliedReportingOverflow(by: form.bits)
        guard !width.overflow, !bits.overflow, scales.shape[0] == rows, bits.partialValue == packed.shape[1] * 32 else {
            throw module.wrong(
                "words \(packed.shape) and scales \(scales.shape) are not \(form.bits) bits in groups of \(form.groupSize)")
        }
        let (columns, type) = (width.partialValue, scales.elementType)
        return try module.weight([rows, columns], type, from: packed) {
            let (scales, biases, code) = (scales.scales, biases.scales, type.precision?.code ?? 0)
            let (groups, rowBytes) = (columns / form.groupSize, columns * form.bits / 8)
            return { packed, rows, target in
                scales.withUnsafeBufferPointer { scales in
                    biases.withUnsafeBufferPointer { biases in
                        guard let scale = scales.baseAddress, let bias = biases.baseAddress else { return }
                        let first = rows.lowerBound
                        unpack_affine(
                            Int64(rows.count), Int64(columns), Int32(form.bits), Int64(form.groupSize), packed + first * rowBytes,
                            scale + first * groups, bias + first * groups, code, target)
                    }
                }
            }
        }
    }
}
