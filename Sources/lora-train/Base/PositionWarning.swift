import Model

/// Warns, once, of texts longer than those that a base was trained for.
final class PositionWarning {
    private let positions: Int
    private var isSaid = false

    init(_ configuration: ModelConfiguration) { positions = configuration.trainedPositions }

    /// - Parameters:
    ///   - tokens: how many there are, or may be
    ///   - what: what has so many, such as "a prompt of 9000 tokens"
    func check(_ tokens: Int, _ what: @autoclosure () -> String) {
        guard tokens > positions, !isSaid else { return }
        isSaid = true
        Console.shared.note(
            "warning: \(what()) is more than the \(positions) positions that the base was trained for; what lies beyond may be read badly")
    }
}
