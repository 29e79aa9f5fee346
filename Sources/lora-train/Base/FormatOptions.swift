import Data
import Foundation
import Tensor

/// How conversations are written as text: what every command shares that renders some.
struct FormatOptions {
    /// A file, or the name of a built-in template.
    var template: String?
    var arguments = JSONObject()

    /// The format for a tokenizer.
    ///
    /// - Parameter date: what templates take for today
    /// - Throws: ``CommandError`` or `DatasetError` where there is no template
    func format(_ tokenizer: Tokenizer, date: Date = Date()) throws -> ChatFormat {
        guard let source = try templateText() else {
            guard tokenizer.chatTemplate != nil else {
                throw CommandError.failure(
                    "the tokenizer has no chat template; name one with --chat_template: a file, or \(Self.names)")
            }
            return try ChatFormat(tokenizer, arguments: arguments, date: date)
        }
        return try ChatFormat(tokenizer, template: source, arguments: arguments, date: date)
    }

    /// The text of the template that was given.
    ///
    /// - Throws: ``CommandError`` where it cannot be read
    private func templateText() throws -> String? {
        guard let template else { return nil }
        if FileManager.default.fileExists(atPath: template) {
            let bytes = try TensorFile.bytes(of: template)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CommandError.failure("--chat_template \(template) is not UTF-8 text; convert it")
            }
            return text
        }
        if let text = ChatTemplate.builtIn(template) { return text }
        throw CommandError.failure("--chat_template '\(template)' is neither a file nor one of \(Self.names)")
    }

    /// What the conversation itself says to the template.
    static let reserved = ["messages", "tools", "documents", "add_generation_prompt"]

    private static var names: String { ChatTemplate.builtInNames.joined(separator: ", ") }
}

/// Which tokens of a conversation count, for commands that train or measure.
struct CountingOptions {
    var target = LossTarget.answers
    /// `nil` leaves it to the rule.
    var thinking: EmptyThinking?

    /// Makes samples of conversations.
    func encoder(_ format: ChatFormat, maximumLength: Int, seed: Int) -> ConversationEncoder {
        ConversationEncoder(format, maximumLength: maximumLength, target: target, thinking: thinking, seed: UInt64(seed))
    }
}

extension FlagSet {
    /// Flags of what writes conversations as text.
    mutating func format(_ path: WritableKeyPath<Options, FormatOptions>) {
        filePath(
            "chat_template", path.appending(path: \.template),
            "Chat template in place of the tokenizer's: a file, or one of \(ChatTemplate.builtInNames.joined(separator: ", "))")
        value(
            "template_args", "json", path.appending(path: \.arguments),
            expected: #"a JSON object, as '{"enable_thinking": false}', without "# + FormatOptions.reserved.joined(separator: ", "),
            words: { $0.keys.isEmpty ? "—" : "'\(JSON.object($0).serialized)'" },
            read: { text in
                guard let object = (try? JSON(parsing: text))?.object else { return nil }
                return FormatOptions.reserved.contains { object[$0] != nil } ? nil : object
            },
            "Variables of the chat template; those of a record's chat_template_kwargs go before them")
    }

    /// Flags of which tokens count.
    mutating func counting(_ path: WritableKeyPath<Options, CountingOptions>) {
        choice(
            "loss_on", path.appending(path: \.target),
            "What counts in the loss: answers (all of them), last (the last one), all (every token)")
        value(
            "thinking", "str", path.appending(path: \.thinking), expected: "keep, mask, drop, or drop: with a share from 0 to 1",
            words: { $0.map { "'\($0.words)'" } ?? "auto" }, read: { EmptyThinking(words: $0).map(Optional.some) },
            "What becomes of an empty <think></think> before an answer: keep counts it, mask does not, drop removes it (drop:0.8 in 80 % of the samples); auto keeps it where the template or MiniMind says what counts, and masks it elsewhere"
        )
    }
}

extension EmptyThinking {
    fileprivate init?(words: String) {
        switch words {
        case "keep": self = .keep
        case "mask": self = .mask
        case "drop": self = .drop(share: 1)
        default:
            guard words.hasPrefix("drop:"), let share = Double(words.dropFirst("drop:".count)), (0...1).contains(share) else { return nil }
            self = .drop(share: share)
        }
    }

    fileprivate var words: String {
        switch self {
        case .keep: "keep"
        case .mask: "mask"
        case .drop(let share): share == 1 ? "drop" : "drop:\(share)"
        }
    }
}
