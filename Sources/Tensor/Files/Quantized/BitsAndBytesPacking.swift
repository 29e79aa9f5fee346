import CKernels
import Foundation

/// bitsandbytes: places in a table of 16 values (nf4, fp4) times the largest magnitude of a block, or signed bytes times the
/// largest of a row (LLM.int8).
///
/// In 4 bits `X.weight` `[out * in / 2, 1]` has two places a byte, the first in the upper bits; `X.weight.quant_map` is the
/// table, `X.weight.absmax` has a magnitude a block, or with double quantisation a place in `nested_quant_map` whose value is
/// multiplied by `nested_absmax` of a larger block. `X.weight.quant_state.bitsandbytes__nf4` is JSON of shape, type and
/// sizes. In 8 bits `X.SCB` `[out]` has the magnitudes.
struct BitsAndBytesPacking: WeightPacking {
    private static let states = ["nf4", "fp4"].map { ".weight.quant_state.bitsandbytes__\($0)" }
    static let marks = states + [".SCB", ".weight.absmax"]
    static let parts =
        marks + [".weight", ".weight_format", ".weight.quant_map", ".weight.nested_absmax", ".weight.nested_quant_map"]

    let summary: String

    init?(_ settings: PackingSettings) throws(TensorFileError) {
        let (is4Bit, is8Bit) = (try settings.bool("load_in_4bit") == true, try settings.bool("load_in_8bit") == true)
        guard settings.method == "bitsandbytes" || settings.method == nil && (is4Bit || is8Bit) else { return nil }
        if let storage = try settings.text("bnb_4bit_quant_storage"), is4Bit, storage != "uint8" {
            throw settings.unsupported("weights that are stored as \(storage.prefix(40)) are not read, those of uint8 are")
        }
        let isNested = try settings.bool("bnb_4bit_use_double_quant") == true
        summary =
            is8Bit
            ? "bitsandbytes int8"
            : "bitsandbytes \(try settings.text("bnb_4bit_quant_type") ?? "fp4")" + (isNested ? ", scales quantised too" : "")
    }

    func weight(of module: PackedModule) throws(TensorFileError) -> StoredTensor {
        if module.has(".SCB") { return try int8(module) }
        guard let state = Self.states.first(where: { module.has($0) }) else {
            throw module.wrong("there is no '\(module.name)\(Self.states[0])' beside its other parts; is the file whole?")
        }
        return try table(module, State(module, state))
    }

    /// 1 / 127 as the library has it.
    private static let step: Float = 7.874015718698502e-3

    private func int8(_ module: PackedModule) throws(TensorFileError) -> StoredTensor {
        let packed = try module.part(".weight", [.int8], dimensions: 2)
        let (rows, columns) = (packed.shape[0], packed.shape[1])
        let scales = try module.part(".SCB", PackedModule.floats, shape: [rows])
        if let format = module.parts[".weight_format"], (try? format.integers().allSatisfy { $0 == 0 }) != true {
            throw module.wrong("its bytes are not in the order of rows ('weight_format')")
        }
        let table = ScaledPacking.table(.int8)
        return try module.weight([rows, columns], .float32, from: packed) {
            let scales = scales.scales
            return { packed, rows, target in
                unpack_bytes(
                    Int64(rows.lowerBound), Int64(rows.count), Int64(columns), 1, Int64(columns), 1,
                    packed + rows.lowerBound * columns, table, scales, Self.step, 0, target)
            }
        }
    }

    /// What the JSON beside a weight says.
    private struct State {
        let shape: [Int]
        let type: ElementType
        let blockSize: Int
        let nestedBlockSize: Int?
        let nestedOffset: Float

        init(_ module: PackedModule, _ ending: String) throws(TensorFileError) {
            let text = try module.part(ending, [.uint8], dimensions: 1)
            guard text.count <= 1 << 16, let json = try? JSON(parsing: text.contiguousBytes), let object = json.object else {
                throw module.wrong("'\(module.name)\(ending)' is not JSON")
            }
            let state = PackingSettings(key: module.name + ending, object: object)
            let kind = try state.text("quant_type") ?? ""
            guard ending.hasSuffix("__\(kind)") else { throw state.unsupported("'quant_type' is '\(kind.prefix(40))'") }
            guard let shape = try state.integers("shape"), shape.count == 2, shape.allSatisfy({ 1...1 << 31 ~= $0 }) else {
                throw state.unsupported("'shape' is not that of a weight")
            }
            let name = try state.text("dtype") ?? "float32"
            guard let type = PackedModule.floats.first(where: { $0.rawValue == name }) else {
                throw state.unsupported("'dtype' is '\(name.prefix(40))'")
            }
            (self.shape, self.type) = (shape, type)
            blockSize = try state.integer("blocksize", among: (5...12).map { 1 << $0 })
            nestedBlockSize =
                module.has(".weight.nested_absmax") ? try state.integer("nested_blocksize", among: (5...12).map { 1 << $0 }) : nil
            nestedOffset = Float(state["nested_offset"]?.number ?? 0)
        }
    }

    private func table(_ module: PackedModule, _ state: State) throws(TensorFileError) -> StoredTensor {
        let (rows, columns) = (state.shape[0], state.shape[1])
        let count = rows * columns
        guard columns % 2 == 0 else { throw module.wrong("rows of \(columns) values share bytes") }
        let packed = try module.part(".weight", [.uint8])
        guard packed.count == count / 2 else { throw module.wrong("\(packed.count) bytes are not \(state.shape) values of 4 bits") }
        let map = try module.part(".weight.quant_map", PackedModule.floats, shape: [16])
        let blocks = (count + state.blockSize - 1) / state.blockSize
        let magnitudes = try module.part(".weight.absmax", state.nestedBlockSize == nil ? [.float32] : [.uint8], shape: [blocks])
        var nested: (map: StoredTensor, scales: StoredTensor, size: Int)?
        if let size = state.nestedBlockSize {
            nested = (
                try module.part(".weight.nested_quant_map", PackedModule.floats, shape: [256]),
                try module.part(".weight.nested_absmax", PackedModule.floats, shape: [(blocks + size - 1) / size]), size
            )
        }
        return try module.weight(state.shape, state.type, from: packed) { [nested] in
            var scales = magnitudes.scales
            if let nested {
                let (map, larger) = (nested.map.scales, nested.scales.scales)
                for place in scales.indices {
                    let product = map[Int(scales[place])] * larger[place / nested.size]
                    scales[place] = product + state.nestedOffset
                }
            }
            let (table, magnitudes, code) = (map.scales, scales, state.type.precision?.code ?? 0)
            return { packed, rows, target in
                let first = rows.lowerBound * columns / 2
                unpack_table(
                    Int64(first), Int64(rows.count * columns / 2), Int64(state.blockSize), packed + first, table, magnitudes, code, target)
            }
        }
    }
}
