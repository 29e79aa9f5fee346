import Tensor

/// Whether a turn counts, which tools spell in five ways: OpenAI `weight`, axolotl `train`, ms-swift `loss`.
extension TurnReader {
    private static let keys = ["weight", "train", "loss", "loss_mask", "trainable"]

    /// Whether the turn counts; true where it does not say. The keys are taken out: they are not the template's.
    func isCounted(_ keys: inout JSONObject) throws(RecordError) -> Bool {
        var first: (key: String, value: JSON, isCounted: Bool)?
        for key in Self.keys {
            guard let value = keys.take(key) else { continue }
            guard let isCounted = Self.flag(value) else {
                throw RecordError(reason: #"turn \#(number)'s "\#(key)" is \#(Self.text(value)); only 0 and 1 are supported"#)
            }
            if let first, first.isCounted != isCounted {
                throw RecordError(
                    reason:
                        #"turn \#(number)'s "\#(first.key)" is \#(Self.text(first.value)) and its "\#(key)" is \#(Self.text(value)), which contradict each other; keep one"#
                )
            }
            first = first ?? (key, value, isCounted)
        }
        return first?.isCounted ?? true
    }

    private static func flag(_ value: JSON) -> Bool? {
        if let flag = value.bool { return flag }
        return switch value.number {
        case 0: false
        case 1: true
        default: nil
        }
    }

    private static func text(_ value: JSON) -> String { String(value.serialized.prefix(40)).oneLine }
}
