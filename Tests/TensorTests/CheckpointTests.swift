import Testing

@testable import Tensor

@Suite("Checkpoints")
struct CheckpointTests {
    /// A gradient that passes through a sum is shared by the addends: no node may write to another's.
    @Test("A body that hands its gradient through leaves the gradients of others alone")
    func sharedGradients() {
        var generator = RandomGenerator(seed: 8)
        func random(_ shape: [Int]) -> Tensor {
            Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape)
        }
        let (x, neighbour, weight) = (random([5, 4]), random([5, 4]), random([4]))
        let (frozen, projection) = (random([5, 4]), random([3, 4]))
        func gradients(_ body: @escaping (Tensor) -> Tensor) -> [[Float]] {
            for tensor in [x, neighbour] {
                tensor.clearGradient()
                tensor.isTrainable = true
            }
            // Read before the body, so that its gradient comes after, and is added to what was handed through.
            let normed = rmsNorm(x, weight: weight, epsilon: 1e-5)
            let sum = add(add(body(x), neighbour), normed)
            projectedCrossEntropy(sum, weight: projection, targets: [0, 1, 2, 0, 1], normalizer: 5).backward()
            return [x, neighbour].map { $0.gradient?.values ?? [] }
        }
        let plain = gradients { add($0, frozen) }
        let again = gradients { checkpointed($0, parameters: []) { add($0, frozen) } }
        #expect(plain == again)
        #expect(plain[0] != plain[1])
    }
}
