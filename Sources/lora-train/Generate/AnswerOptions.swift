import Model
import Tensor

/// How answers are chosen, and by which model: what `generate` and `chat` share.
struct AnswerOptions {
    var model = ModelOptions()
    var format = FormatOptions()
    var system: String?
    var maximumNewTokens = 256
    var temperature = 0.85
    var topP = 0.85
    var repetitionPenalty = 1.0
    var isGreedy = false
    var dtype = Precision.float32

    var sampler: TokenSampler {
        TokenSampler(
            temperature: isGreedy ? 0 : Float(temperature), topP: Float(topP), repetitionPenalty: Float(repetitionPenalty),
            seed: UInt64(model.seed))
    }
}

extension FlagSet {
    mutating func choiceOfTokens(_ path: WritableKeyPath<Options, AnswerOptions>) {
        section("How the answer is chosen")
        integer("max_new_tokens", path.appending(path: \.maximumNewTokens), atLeast: 1, "Tokens of the answer at the most")
        number(
            "temperature", path.appending(path: \.temperature), in: 0...100, "a number from 0 to 100",
            "Scores are divided by it; 0 is greedy")
        number("top_p", path.appending(path: \.topP), in: 0...1, "a number from 0 to 1", "Share of probability that is drawn from")
        number(
            "repetition_penalty", path.appending(path: \.repetitionPenalty), in: 0.01...100, "a positive number",
            "Above 1, tokens that were seen become less likely")
        bool("greedy", path.appending(path: \.isGreedy), "Always the most likely token")
    }

    mutating func answeringModel(_ path: WritableKeyPath<Options, AnswerOptions>) {
        section("How the conversation is written")
        format(path.appending(path: \.format))
        section("The model")
        filePath("out_dir", path.appending(path: \.model.outDir), "Folder of the base weights")
        filePath(
            "lora_path", path.appending(path: \.model.loraPath),
            "Adapter, or several as path@weight joined by commas; without it the base answers alone")
        sizes(path.appending(path: \.model))
        bool("use_moe", path.appending(path: \.model.useMoE), "A base with a mixture of experts")
        model(path.appending(path: \.model))
        integer("seed", path.appending(path: \.model.seed), atLeast: 0, atMost: .max, "Seed of the drawing")
        choice("dtype", path.appending(path: \.dtype), "Type of matrix products: float32, bfloat16 or float16")
    }
}
