/// What `lora-train generate` can be told.
struct GenerateOptions {
    var answer = AnswerOptions()
    var prompt: String?
    var promptsPath: String?
    var outputPath: String?
    var doesNotStream = false

    static var flags: FlagSet<GenerateOptions> {
        var flags = FlagSet<GenerateOptions>()
        flags.section("What is asked")
        flags.text("prompt", \.prompt, "The user's words; without it, each line of standard input is a prompt")
        flags.text("system", \.answer.system, "A system message before it")
        flags.filePath(
            "prompts", \.promptsPath,
            "File of prompts, each line the user's words, or an object with 'prompt', 'conversations' or 'messages'; answers are JSON lines"
        )
        flags.filePath("output", \.outputPath, "With --prompts: file of the answers; default standard output")
        flags.choiceOfTokens(\.answer)
        flags.bool("no_stream", \.doesNotStream, "Print the answer when it is whole")
        flags.answeringModel(\.answer)
        return flags
    }
}
