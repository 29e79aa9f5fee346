import Tensor

/// Changes parameters by their gradients.
public protocol Optimizer {
    /// One step at a learning rate. Parameters without a gradient stay as they are.
    mutating func step(learningRate: Double)
}

/// AdamW (Loshchilov & Hutter 2019) with PyTorch's defaults.
public struct AdamW: Optimizer {
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-8
    public var weightDecay = 0.01
    /// Steps taken so far.
    public private(set) var stepCount = 0

    private let parameters: [Tensor]
    private let moments: [AdamWMoments]

    public init(_ parameters: [Tensor]) {
        self.parameters = parameters
        moments = parameters.map(AdamWMoments.init(like:))
    }

    public mutating func step(learningRate: Double) {
        stepCount += 1
        let coefficients = AdamWCoefficients(
            learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
        for (parameter, moments) in zip(parameters, moments) {
            parameter.applyAdamW(moments, coefficients, step: stepCount)
        }
    }
}
