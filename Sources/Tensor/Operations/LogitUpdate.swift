/// What an update of the output projection adds to its logits (``projectedCrossEntropy(_:weight:updates:targets:weights:normalizer:lossScale:softCap:)``).
public enum LogitUpdate {
    /// A low-rank update: `hidden Bᵀ`, with `hidden = scale x Aᵀ`, `[rows, rank]`, and `B [vocabulary, rank]`.
    case product(_ hidden: Tensor, _ b: Tensor)
    /// Values `[rows, tokens.count]` for the logits of some tokens, each named once.
    case tokens(_ values: Tensor, _ tokens: [Int32])

    var inputs: [Tensor] {
        switch self {
        case .product(let hidden, let b): [hidden, b]
        case .tokens(let values, _): [values]
        }
    }
}

/// An update on its way through the blocks of rows: added to the logits of a block, and given its part of their gradient.
struct UpdatedLogits {
    private let update: LogitUpdate
    /// What is read, in the type in which it is read.
    private let input: Tensor
    /// Of `hidden`, or of the values of tokens; `nil` where none is wanted.
    private let inputGradient: Tensor?
    /// Of B.
    private let weightGradient: GradientNode?

    init(_ update: LogitUpdate, rows: Int, vocabulary: Int, wantsGradient: Bool, _ context: ComputeContext) {
        self.update = update
        func gradient(of tensor: Tensor, _ precision: Precision) -> Tensor? {
            wantsGradient && tensor.needsGradient ? Tensor(uninitialized: tensor.shape, precision) : nil
        }
        switch update {
        case .product(let hidden, let b):
            precondition(hidden.rows == rows && b.shape == [vocabulary, hidden.width], "factors that fit the logits")
            input = hidden.converted(to: context.precision)
            inputGradient = gradient(of: hidden, context.precision)
            weightGradient = wantsGradient && b.needsGradient ? GradientNode(shape: b.shape, precision: .float32) : nil
        case .tokens(let values, let tokens):
            precondition(values.rows == rows && values.width == tokens.count, "a value for each row and token")
            precondition(tokens.allSatisfy { $0 >= 0 && $0 < vocabulary }, "tokens lie inside the vocabulary")
            input = values.converted(to: .float32)
            inputGradient = gradient(of: values, .float32)
            weightGradient = nil
        }
    }

    /// Whether the gradient of a weight reads the logits' gradient of all blocks.
    var readsLogitsAgain: Bool { weightGradient != nil }

    /// Each input's gradient, for a loss with the seed that was announced.
    var gradients: [(GradientNode, Tensor?)] {
        switch update {
        case .product(let hidden, let b): [(hidden.node, inputGradient), (b.node, weightGradient?.gradient)]
        case .tokens(let values, _): [(values.node, inputGradient)]
        }
    }

    /// Packs what all threads read.
    func prepare(_ context: ComputeContext) {
        guard case .product(_, let b) = update else { return }
        _ = b.packed(transposed: true, context)
        if inputGradient != nil { _ = b.packed(transposed: false, context) }
    }

    /// Adds the update to the logits of a block, which are rows 0 and on of `logits`.
    func add(_ block: Range<Int>, to logits: Tensor, _ context: ComputeContext) {
        switch update {
        case .product(_, let b):
            let packed = b.packed(transposed: true, context)
            context.matmul.multiply(
                rows: block.count, input.rows(from: block.lowerBound), by: packed, columns: 0..<packed.columns,
                into: logits.mutableRows(from: 0), accumulating: true)
        case .tokens(_, let tokens): logits.addColumns(block.clamped(to: 0..<input.rows), input, at: tokens, from: 0)
        }
    }

    /// Makes the input's gradient of a block, whose logits have become their gradient.
    func takeGradient(_ block: Range<Int>, of logits: Tensor, _ context: ComputeContext) {
        guard let inputGradient else { return }
        switch update {
        case .product(_, let b):
            let packed = b.packed(transposed: false, context)
            context.matmul.multiply(
                rows: block.count, logits.rows(from: 0), by: packed, columns: 0..<packed.columns,
                into: inputGradient.mutableRows(from: block.lowerBound), accumulating: false)
        case .tokens(_, let tokens): logits.takeColumns(block.clamped(to: 0..<input.rows), into: inputGradient, at: tokens, from: 0)
        }
    }

    /// Adds a block's part to the gradient of B.
    func addWeightGradient(_ rows: Range<Int>, of logits: Tensor, _ context: ComputeContext) {
        guard let weightGradient else { return }
        addTransposedProduct(logits.prefix(rows: rows.count), input.copy(rows: rows), to: weightGradient, context)
    }
}
