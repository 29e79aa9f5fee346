import Tensor

/// What processes sum once an optimizer step, in one piece of memory: the gradients of all parameters, what is
/// reported of each micro-batch, and whether anybody wants to stop.
final class EffectiveBatchSum {
    private let communicator: any Communicator
    private let parameters: [Tensor]
    private let layers: Int
    private let experts: Int
    private let gradientCount: Int
    private let buffer: UnsafeMutableBufferPointer<Float>

    /// - Parameter microBatches: the most that a process computes between two optimizer steps
    init(_ communicator: any Communicator, _ parameters: [Tensor], microBatches: Int, layers: Int, experts: Int) {
        self.communicator = communicator
        self.parameters = parameters
        (self.layers, self.experts) = (layers, experts)
        gradientCount = parameters.reduce(0) { $0 + $1.count }
        let width = StepMeasures.width(layers: layers, experts: experts)
        buffer = .allocate(capacity: gradientCount + microBatches * width + 1)
        buffer.initialize(repeating: 0)
    }

    deinit { buffer.deallocate() }

    /// Sums gradients, which are then the same in every process, and measures.
    ///
    /// - Parameters:
    ///   - measures: of each micro-batch; replaced by their sums
    ///   - stops: whether this process wants to stop
    /// - Returns: whether any does
    /// - Throws: ``CommunicationError``
    func run(_ measures: inout [StepMeasures], stops: Bool) throws(CommunicationError) -> Bool {
        var start = 0
        for parameter in parameters {
            parameter.copyGradient(to: .init(rebasing: buffer[start..<start + parameter.count]))
            start += parameter.count
        }
        let width = StepMeasures.width(layers: layers, experts: experts)
        for (index, measure) in measures.enumerated() {
            measure.write(to: buffer[(gradientCount + index * width)...].prefix(width))
        }
        let end = gradientCount + measures.count * width
        buffer[end] = stops ? 1 : 0
        try communicator.startSum(.init(rebasing: buffer[...end])).wait()
        start = 0
        for parameter in parameters {
            parameter.replaceGradient(by: .init(rebasing: buffer[start..<start + parameter.count]))
            start += parameter.count
        }
        for index in measures.indices {
            measures[index] = StepMeasures(
                buffer[(gradientCount + index * width)...].prefix(width), layers: layers, experts: experts)
        }
        return buffer[end] > 0
    }
}
