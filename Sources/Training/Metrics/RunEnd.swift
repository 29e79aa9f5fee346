import Tensor

/// How a run ended.
public struct RunEnd: Sendable, Equatable {
    /// Why a run ended.
    public enum Reason: String, Sendable {
        /// All epochs are done.
        case complete
        /// The validation loss fell no more.
        case earlyStopping = "early_stopping"
        /// By a signal.
        case interrupted
        /// By an error; the message says which.
        case failed
    }

    /// Why it ended.
    public var reason: Reason
    /// What went wrong, where something did.
    public var message: String?
    /// Wall time of the steps of this run, in seconds.
    public var seconds: Double
    /// Tokens of the samples over the time of the steps.
    public var tokensPerSecond: Double
    /// The most memory that the process held, in bytes.
    public var peakMemory: Int

    /// An end of its parts.
    public init(reason: Reason, message: String? = nil, seconds: Double, tokensPerSecond: Double, peakMemory: Int) {
        self.reason = reason
        self.message = message
        self.seconds = seconds
        self.tokensPerSecond = tokensPerSecond
        self.peakMemory = peakMemory
    }

    var json: JSON {
        [
            "reason": .string(reason.rawValue), "message": message.map(JSON.string) ?? .null, "seconds": .number(seconds),
            "tokens_per_second": .number(tokensPerSecond), "peak_memory": .integer(peakMemory),
        ]
    }

    init?(_ json: JSON) {
        guard let reason = json["reason"]?.string.flatMap(Reason.init), let seconds = json["seconds"]?.number,
            let tokensPerSecond = json["tokens_per_second"]?.number
        else { return nil }
        self.init(
            reason: reason, message: json["message"]?.string, seconds: seconds, tokensPerSecond: tokensPerSecond,
            peakMemory: json["peak_memory"]?.integer ?? 0)
    }
}
