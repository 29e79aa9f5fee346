/// Why processes cannot train together.
public enum CommunicationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// MPI reports an error; `call` is its function.
    case failed(call: String, reason: String)
    /// The others did not come within the time.
    case timeout(seconds: Double)

    public var description: String {
        switch self {
        case .failed(let call, let reason): "\(call) failed: \(reason)"
        case .timeout(let seconds):
            "the other processes did not answer for \(Int(seconds)) s: one hangs, or the network between them is down"
        }
    }
}
