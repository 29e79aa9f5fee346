import Tensor

/// What processes sum once an optimizer step: the gradients of all parameters, which of them there are, what is reported
/// of each micro-batch, and whether anybody wants to stop; in one piece of memory, of which the first half goes on its
/// way while the backward pass still computes the second.
///
/// The backward pass comes to the last layers first: theirs is the first half. Among so many processes that a message
/// of a half would have next to nothing to carry, two sums cost twice as much as one, and all goes at once.
final class EffectiveBatchSum {
    private let communicator: any Communicator
    /// In the order of their places in memory.
    private let parameters: [Tensor]
    /// How many parameters, and how many values, go ahead: none where that does not pay.
    private let earlyParameters: Int
    private let earlyCount: Int
    private let gradientCount: Int
    private let layers: Int
    private let experts: Int
    private let buffer: UnsafeMutableBufferPointer<Float>

    /// Parameters of the first half whose gradients are not complete.
    private var awaited: Set<ObjectIdentifier> = []
    /// The sum of the first half, once it has begun.
    private var early: Result<any PendingSum, CommunicationError>?

    /// - Parameters:
    ///   - parameters: in the order in which the forward pass comes to them
    ///   - microBatches: the most that a process computes between two optimizer steps
    init(_ communicator: any Communicator, _ parameters: [Tensor], microBatches: Int, layers: Int, experts: Int) {
        self.communicator = communicator
        self.parameters = parameters.reversed()
        (self.layers, self.experts) = (layers, experts)
        let total = parameters.reduce(0) { $0 + $1.count }
        var (early, count) = (0, 0)
        while early < parameters.count, 2 * count < total {
            count += self.parameters[early].count
            early += 1
        }
        let pays = count >= communicator.count * communicator.smallestMessage
        (earlyParameters, earlyCount) = pays ? (early, count) : (0, 0)
        gradientCount = total
        let width = StepMeasures.width(layers: layers, experts: experts)
        buffer = .allocate(capacity: total + parameters.count + microBatches * width + 1)
        buffer.initialize(repeating: 0)
    }

    deinit { buffer.deallocate() }

    /// A backward pass begins that completes all gradients.
    func begin() { awaited = Set(parameters.prefix(earlyParameters).map(\.parameterID)) }

    /// A parameter's gradient is complete.
    func complete(_ parameter: ObjectIdentifier) {
        if case .success(let sum)? = early {
            // Messages move only while somebody asks after them.
            do { try sum.advance() } catch { early = .failure(error) }
        }
        if awaited.remove(parameter) != nil, awaited.isEmpty { startEarly() }
    }

    private func startEarly() {
        copyGradients(0..<earlyParameters, from: 0)
        early = Result { () throws(CommunicationError) in try communicator.startSum(.init(rebasing: buffer[..<earlyCount])) }
    }

    /// Sums gradients, which are then the same in every process, and measures.
    ///
    /// - Parameters:
    ///   - measures: of each micro-batch; replaced by their sums
    ///   - stops: whether this process wants to stop
    /// - Returns: whether any does
    /// - Throws: ``CommunicationError``
    func finish(_ measures: inout [StepMeasures], stops: Bool) throws(CommunicationError) -> Bool {
        // A batch without anything that counts has no backward pass; yet all must begin the same sums.
        if earlyCount > 0, early == nil { startEarly() }
        defer { early = nil }
        copyGradients(earlyParameters..<parameters.count, from: earlyCount)
        for (index, parameter) in parameters.enumerated() {
            buffer[gradientCount + index] = parameter.gradient == nil ? 0 : 1
        }
        let width = StepMeasures.width(layers: layers, experts: experts)
        let measuresStart = gradientCount + parameters.count
        for (index, measure) in measures.enumerated() {
            measure.write(to: buffer[(measuresStart + index * width)...].prefix(width))
        }
        let end = measuresStart + measures.count * width
        buffer[end] = stops ? 1 : 0
        let rest = try communicator.startSum(.init(rebasing: buffer[earlyCount...end]))
        try early?.get().wait()
        try rest.wait()
        var start = 0
        for (index, parameter) in parameters.enumerated() {
            // What no process used, such as an expert without a token, is left alone by the optimizer, as in one process.
            if buffer[gradientCount + index] > 0 {
                parameter.replaceGradient(by: .init(rebasing: buffer[start..<start + parameter.count]))
            } else {
                parameter.clearGradient()
            }
            start += parameter.count
        }
        for index in measures.indices {
            measures[index] = StepMeasures(
                buffer[(measuresStart + index * width)...].prefix(width), layers: layers, experts: experts)
        }
        return buffer[end] > 0
    }

    private func copyGradients(_ range: Range<Int>, from start: Int) {
        var start = start
        for parameter in parameters[range] {
            parameter.copyGradient(to: .init(rebasing: buffer[start..<start + parameter.count]))
            start += parameter.count
        }
    }
}
