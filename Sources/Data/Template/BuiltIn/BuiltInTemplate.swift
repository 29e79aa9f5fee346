/// The chat templates that come with the library, for models whose tokenizer has none and for training in a format of
/// one's choice.
///
/// Each but `minimind`, which is given, refuses a conversation for which its format has no place, with a message that
/// names the format. Only reasoning is left out without one, as published templates do. A conversation's text starts
/// with the text of its first messages, so that adding a turn never changes what is before it.
enum BuiltInTemplate: String, CaseIterable {
    case chatML = "chatml"
    case llama3 = "llama-3"
    case mistral
    case gemma
    case alpaca
    case zephyr
    case miniMind = "minimind"

    /// The Jinja text.
    var source: String {
        switch self {
        case .chatML: Self.chatMLSource
        case .llama3: Self.llama3Source
        case .mistral: Self.mistralSource
        case .gemma: Self.gemmaSource
        case .alpaca: Self.alpacaSource
        case .zephyr: Self.zephyrSource
        case .miniMind: Self.miniMindSource
        }
    }
}

extension ChatTemplate {
    /// The names of the templates that come with the library.
    public static var builtInNames: [String] { BuiltInTemplate.allCases.map(\.rawValue) }

    /// The Jinja text of a template that comes with the library; `nil` for a name that is not one of ``builtInNames``.
    public static func builtIn(_ name: String) -> String? { BuiltInTemplate(rawValue: name)?.source }
}
