import Testing

@testable import Tensor

/// Checks an operation's value and gradients against the same mathematics in float64 and its central
/// differences.
///
/// - Parameters:
///   - shapes: the inputs' shapes; each is filled with random numbers
///   - operation: the one under test
///   - reference: the same in float64, on the inputs' values
func checkGradients(
    _ shapes: [[Int]], seed: UInt64 = 7, tolerance: Double = 2e-4,
    operation: ([Tensor]) -> Tensor, reference: ([[Double]]) -> [Double],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    var generator = RandomGenerator(seed: seed)
    let inputs = shapes.map { shape in
        Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape)
    }
    for input in inputs { input.isTrainable = true }
    let result = operation(inputs)
    let values = inputs.map { $0.values.map(Double.init) }
    let expected = reference(values)
    #expect(distance(result.values, expected) < tolerance, "value", sourceLocation: sourceLocation)

    // A random direction of the result makes a scalar of it, whose gradient is taken.
    let direction = expected.map { _ in generator.normal() }
    result.backward(from: direction)
    for (index, input) in inputs.enumerated() {
        let numeric = values[index].indices.map { place in
            let step = 1e-5
            func value(_ offset: Double) -> Double {
                var moved = values
                moved[index][place] += offset
                return zip(reference(moved), direction).reduce(0) { $0 + $1.0 * Double($1.1) }
            }
            return (value(step) - value(-step)) / (2 * step)
        }
        #expect(
            distance(input.gradient?.values ?? [], numeric) < tolerance, "gradient of input \(index)",
            sourceLocation: sourceLocation)
    }
}

/// The largest difference, relative to the largest expectation.
func distance(_ values: [Float], _ expected: [Double]) -> Double {
    guard values.count == expected.count else { return .infinity }
    let size = max(expected.map { abs($0) }.max() ?? 0, 1e-3)
    return zip(values, expected).reduce(0) { worst, pair in
        let difference = abs(Double(pair.0) - pair.1) / size
        return difference.isNaN ? .infinity : max(worst, difference)
    }
}

extension Tensor {
    /// The backward pass of a result that is no scalar, from a gradient of it.
    func backward(from gradient: [Float]) {
        let gradient = Tensor(gradient, shape: shape)
        let picked = Tensor([0], shape: [])
        picked.record(inputs: [self]) { _ in self.node.accumulate(gradient) }
        picked.backward()
    }
}
