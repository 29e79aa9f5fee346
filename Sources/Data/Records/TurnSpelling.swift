import Tensor

/// How the turns of a list are spelled: under which keys they say who speaks and what is said.
///
/// Published lists mix the spellings, so each is read in a list of the other too. What differs is which one wins where
/// a turn has both, and what errors call the keys.
struct TurnSpelling: Sendable {
    let role: String
    let content: String
    /// The roles that errors name: the usual ones of this spelling.
    let roles: String

    static let messages = TurnSpelling(role: "role", content: "content", roles: "system, user, assistant, tool")
    static let shareGPT = TurnSpelling(
        role: "from", content: "value", roles: "system, human, gpt, function_call, observation")

    /// The keys of the other spelling.
    var other: TurnSpelling { role == "role" ? .shareGPT : .messages }

    /// What a turn looks like, for errors.
    var example: String { #"{"\#(role)": …, "\#(content)": …}"# }

    /// Whether a turn has one of the keys.
    func fits(_ turn: JSONObject) -> Bool { turn.present(role) != nil || turn.present(content) != nil }
}
