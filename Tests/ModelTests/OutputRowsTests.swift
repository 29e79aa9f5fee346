import Tensor
import TestSupport
import Testing

@testable import Model

@Suite("Only rows that are asked for, in the last layer")
struct OutputRowsTests {
    private let model: LanguageModel
    private let row: TokenRow

    init() throws {
        model = try LanguageModel(
            ModelConfiguration(dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 50), seed: 1)
        for linear in model.linears { linear.weight.scale(by: 8) }
        // Two trees: one with branches and a branch of a branch, and a lone sequence.
        let ends = [0, 20, 31, 90, 97, 130]
        let parents: [Int?] = [nil, 0, 0, 1, nil]
        var generator = RandomGenerator(seed: 2)
        row = TokenRow(
            (0..<130).map { _ in Int32(generator.next() % 50) },
            branches: parents.indices.map { TokenRow.Branch(rows: ends[$0]..<ends[$0 + 1], parent: parents[$0]) })
    }

    @Test(
        "They are the rows of the full result",
        arguments: [[0], [129], [19, 20], [0, 5, 19, 31, 32, 89, 96], Array(21..<95), Array(0..<130)] as [[Int32]])
    func rows(_ rows: [Int32]) throws {
        for matmul in Matmuls.all {
            try ComputeContext.with({ $0.matmul = matmul }) {
                let whole = try model.hiddenStates(row).values
                let part = try model.hiddenStates(row, outputRows: rows)
                #expect(part.shape == [rows.count, 32])
                let expected = rows.flatMap { whole[Int($0) * 32..<Int($0) * 32 + 32] }
                // A library may sum in another order for another number of rows; our own product does not.
                #expect(relativeError(part.values, expected) < 1e-6, "\(matmul.name)")
                if matmul.name.hasPrefix("portable") { #expect(part.values == expected) }
            }
        }
    }

    @Test("And so are gradients")
    func gradients() throws {
        let predictions = [3, 19, 20, 60, 96, 129].map { LanguageModel.Prediction(row: $0, target: 1 + $0 % 40, weight: Float(1 + $0 % 2)) }
        let ours = try model.lossAndGradients { try model.loss(row, predictions).main }
        let theirs = try model.lossAndGradients { try model.crossEntropyOfAllRows(row, predictions) }
        for (index, (gradient, expected)) in zip(ours, theirs).enumerated() {
            #expect(relativeError(gradient, expected) < 1e-5, "\(index == 0 ? "loss" : model.parameters[index - 1].name)")
        }
    }
}
