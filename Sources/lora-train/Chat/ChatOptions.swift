/// What `lora-train chat` can be told.
struct ChatOptions {
    var answer: AnswerOptions = {
        var answer = AnswerOptions()
        answer.maximumNewTokens = 512
        return answer
    }()

    static var flags: FlagSet<ChatOptions> {
        var flags = FlagSet<ChatOptions>()
        flags.section("The conversation")
        flags.text("system", \.answer.system, "A system message at its start")
        flags.choiceOfTokens(\.answer)
        flags.answeringModel(\.answer)
        return flags
    }
}
