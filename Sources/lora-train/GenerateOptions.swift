import Tensor

/// What `lora-train generate` can be told.
struct GenerateOptions {
    var model = ModelOptions()
    var prompt: String?
    var system: String?
    var maximumNewTokens = 256
    var temperature = 0.85
    var topP = 0.85
    var repetitionPenalty = 1.0
    var isGreedy = false
    var doesNotStream = false
    var dtype = Precision.float32

    static var flags: FlagSet<GenerateOptions> {
        var flags = FlagSet<GenerateOptions>()
        flags.section("What is asked")
        flags.text("prompt", \.prompt, "The user's words; without it, each line of standard input is a prompt")
        flags.text("system", \.system, "A system message before it")
        flags.section("How the answer is chosen")
        flags.integer("max_new_tokens", \.maximumNewTokens, atLeast: 1, "Tokens of the answer at the most")
        flags.number("temperature", \.temperature, in: 0 ... 100, "a number from 0 to 100", "Scores are divided by it; 0 is greedy")
        flags.number("top_p", \.topP, in: 0 ... 1, "a number from 0 to 1", "Share of probability that is drawn from")
        flags.number("repetition_penalty", \.repetitionPenalty, in: 0.01 ... 100, "a positive number", "Above 1, tokens that were seen become less likely")
        flags.bool("greedy", \.isGreedy, "Always the most likely token")
        flags.bool("no_stream", \.doesNotStream, "Print the answer when it is whole")
        flags.section("The model")
        flags.text("out_dir", \.model.outDir, "Folder of the base weights")
        flags.text("lora_path", \.model.loraPath, "Adapter; without it the base answers alone")
        flags.sizes(\.model)
        flags.model(\.model)
        flags.integer("seed", \.model.seed, atLeast: 0, "Seed of the drawing")
        flags.choice("dtype", \.dtype, "Type of matrix products: float32, bfloat16 or float16")
        return flags
    }
}
