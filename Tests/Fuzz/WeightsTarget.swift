import Data
import LoRA
import Model
import Tensor

/// Files of weights of any format: their tensors, the model and the adapter that they may be, and a GGUF's tokenizer.
struct WeightsTarget: FuzzTarget {
    private let scratch: Scratch
    private let name: String
    private let configurations: [ModelConfiguration]

    init(_ scratch: Scratch, name: String) {
        self.scratch = scratch
        self.name = name
        configurations = [ModelGeneration.v2Classic, .v3].compactMap { try? TinyModels.configuration($0) }
    }

    func read(_ input: [UInt8], _ recorder: Recorder) throws {
        let path = try scratch.write(name, input)
        try Self.read(path, for: configurations, recorder)
    }

    /// More elements than these are not decoded: how many a small file may claim is bound by the reader (2^26), and
    /// decoding them all would only take time.
    private static let maximumElements = 1 << 18

    static func read(_ path: String, for configurations: [ModelConfiguration], _ recorder: Recorder) throws {
        let isGGUF = try recorder.attempt("opened") { try TensorFile.isGGUF(path) } ?? false
        guard let tensors = try recorder.attempt("read", { try TensorFile.read(path) }) else { return }
        recorder.accept()
        try decode(tensors, recorder)
        if isGGUF, let file = try recorder.attempt("GGUF", { try GGUFFile.read(path) }) {
            if let tokenizer = try recorder.attempt("its tokenizer", { try Tokenizer(gguf: file) }) {
                try TokenizerTarget.use(tokenizer, recorder)
            }
        }
        // A state dict is refused at once by whoever does not know what it is.
        let hints = ModelHints(family: isGGUF ? nil : ModelFamily.named("minimind"))
        if let file = try recorder.attempt("model", { try ModelFile.open(path, hints) }) { try build(file, recorder) }
        try adapter(path, for: configurations, recorder)
    }

    static func decode(_ tensors: StateDictionary, _ recorder: Recorder) throws {
        var rest = maximumElements
        for name in tensors.names {
            guard let tensor = tensors[name] else { throw FuzzFailure("'\(name)' is listed, but not there") }
            guard tensor.count <= rest else { continue }
            rest -= tensor.count
            if let values = try recorder.attempt("floats", { try tensor.floats() }), values.count != tensor.count {
                throw FuzzFailure("\(values.count) values of a tensor of \(tensor.shape)")
            }
            try recorder.attempt("integers") { try tensor.integers() }
            try recorder.attempt("tensor") { try Tensor(tensor, precision: .bfloat16) }
            _ = tensor.slice(0)
            _ = tensor.transposed
        }
        guard rest > 0 else { return }
        _ = Fingerprint(of: tensors.names.compactMap { tensors[$0] }.filter { $0.count <= maximumElements })
    }

    static func build(_ file: ModelFile, _ recorder: Recorder) throws {
        _ = file.summary
        if let model = try recorder.attempt("weights", { try LanguageModel(file) }), model.parameterCount < 1 << 16,
            model.configuration.headDim < 1 << 10
        {
            try recorder.attempt("forward") {
                let tokens: [Int32] = [0, 1, 2]
                _ = model.logits(try model.hiddenStates(TokenRow(packed: tokens, segmentOffsets: [0, tokens.count])))
            }
        }
    }

    static func adapter(_ path: String, for configurations: [ModelConfiguration], _ recorder: Recorder) throws {
        guard let summary = try recorder.attempt("adapter", { try AdapterFile.inspect(path) }) else { return }
        recorder.accept()
        _ = "\(summary)"
        for configuration in configurations {
            guard let state = try recorder.attempt("adapter for a model", { try AdapterFile.read(path, for: configuration, scale: 1) })
            else { continue }
            let model = try LanguageModel(configuration, seed: 1)
            if let adapter = try recorder.attempt("adapter on a model", { try LoRAAdapter(on: model, state) }) { _ = adapter.merge() }
        }
    }
}
