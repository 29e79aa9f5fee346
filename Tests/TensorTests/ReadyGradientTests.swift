import Testing

@testable import Tensor

@Suite("Gradients are announced when they are complete")
struct ReadyGradientTests {
    private func random(_ shape: [Int], _ generator: inout RandomGenerator) -> Tensor {
        Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape)
    }

    @Test("Each parameter once, after the last operation that read it", arguments: [false, true])
    func order(_ checkpoints: Bool) {
        var generator = RandomGenerator(seed: 4)
        let (x, first, shared, last) = (
            random([3, 4], &generator), random([4, 4], &generator), random([4, 4], &generator), random([8, 4], &generator)
        )
        for parameter in [first, shared, last] { parameter.isTrainable = true }
        // `shared` is read by the first operation and by the one before the last.
        func middle(_ x: Tensor) -> Tensor { linear(linear(x, first), shared) }
        let start = linear(x, shared)
        let hidden = checkpoints ? checkpointed(start, parameters: [first, shared], middle) : middle(start)
        let loss = projectedCrossEntropy(hidden, weight: last, targets: [1, 7, 0], normalizer: 3)
        var announced: [(id: ObjectIdentifier, values: [Float])] = []
        loss.backward { id in
            let parameter = [first, shared, last].first { $0.parameterID == id }
            announced.append((id, parameter?.gradient?.values ?? []))
        }
        #expect(announced.map(\.id) == [last, first, shared].map(\.parameterID))
        #expect(announced.map(\.values) == [last, first, shared].map { $0.gradient?.values ?? [0] })
    }
}
