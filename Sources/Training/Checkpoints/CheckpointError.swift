/// Why a checkpoint cannot be gone on from.
public enum CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file cannot be read as what it should be.
    case unreadable(path: String, reason: String)
    /// The file holds the state of other parameters.
    case otherParameters(path: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path) is no checkpoint that can be read: \(reason)"
        case .otherParameters(let path, let reason): "\(path) is a checkpoint of another training: \(reason)"
        }
    }
}
