/// An answer on standard output, part by part.
final class AnswerLine {
    private var hasBegun = false

    func write(_ part: String) {
        Console.shared.part(part)
        hasBegun = hasBegun || !part.isEmpty
    }

    /// Runs what writes the answer and ends its line; after an error the line that was begun, if one was.
    ///
    /// - Parameter body: calls ``write(_:)``
    func ending(_ body: () throws -> Void) rethrows {
        do {
            try body()
        } catch {
            if hasBegun { Console.shared.part("\n") }
            throw error
        }
        Console.shared.part("\n")
    }
}
