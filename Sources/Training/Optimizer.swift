import Tensor

/// Changes parameters by their gradients.
public protocol Optimizer {
    /// Steps taken so far.
    var stepCount: Int { get set }

    /// One step at a learning rate. Parameters without a gradient stay as they are.
    mutating func step(learningRate: Double)

    /// What is kept of a parameter from step to step, each under a name: a checkpoint reads it, and writes into it.
    func memories(of parameter: Tensor) -> [(name: String, values: Tensor)]
}

/// Parameters whose learning rate is the step's times a factor.
public struct ParameterGroup {
    /// The parameters.
    public let parameters: [Tensor]
    /// What the step's learning rate is multiplied by.
    public let rateFactor: Double

    /// A group; by default at the step's own rate.
    public init(_ parameters: [Tensor], rateFactor: Double = 1) {
        self.parameters = parameters
        self.rateFactor = rateFactor
    }
}

/// AdamW (Loshchilov & Hutter 2019), by default with the numbers of `torch.optim.AdamW`. Of a gradient `g`, at the rate `r`:
///
///     p ← p · (1 - r · weightDecay)
///     m ← beta1 · m + (1 - beta1) · g
///     v ← beta2 · v + (1 - beta2) · g²
///     p ← p - r · m / (1 - beta1ᵗ) / (√(v / (1 - beta2ᵗ)) + epsilon)
public struct AdamW: Optimizer {
    /// How much of the gradients' moving mean a step keeps; from 0 to below 1.
    public var beta1 = 0.9
    /// How much of the moving mean of the gradients' squares a step keeps; from 0 to below 1.
    public var beta2 = 0.999
    /// Added to the root of the squares' mean, by which a step is divided; above 0, since a B of zero leaves A without
    /// gradients at first.
    public var epsilon = 1e-8
    /// The share of itself, times the learning rate, that a step takes off each parameter.
    public var weightDecay = 0.01
    public var stepCount = 0

    private let parameters: [Tensor]
    /// What the learning rate of each parameter is multiplied by.
    private let rateFactors: [Double]
    private let moments: [AdamWMoments]

    /// All parameters at the step's own rate.
    public init(_ parameters: [Tensor]) { self.init(groups: [ParameterGroup(parameters)]) }

    /// Parameters at rates of their own. The order of moments is that of the groups' parameters.
    public init(groups: [ParameterGroup]) {
        parameters = groups.flatMap(\.parameters)
        rateFactors = groups.flatMap { group in group.parameters.map { _ in group.rateFactor } }
        moments = parameters.map(AdamWMoments.init(like:))
    }

    /// What a parameter's own count of steps is called in checkpoints.
    static let stepsName = "steps"

    public func memories(of parameter: Tensor) -> [(name: String, values: Tensor)] {
        guard let index = parameters.firstIndex(where: { $0 === parameter }) else { return [] }
        return [("mean", moments[index].mean), ("square", moments[index].square), (Self.stepsName, moments[index].steps)]
    }

    public mutating func step(learningRate: Double) {
        stepCount += 1
        for ((parameter, moments), factor) in zip(zip(parameters, moments), rateFactors) {
            let coefficients = AdamWCoefficients(
                learningRate: learningRate * factor, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
            parameter.applyAdamW(moments, coefficients)
        }
    }
}
