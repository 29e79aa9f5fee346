import Data
import Foundation
import LoRA
import Model
import Tensor

/// Answers to prompts, by the base alone or with an adapter.
struct GenerateCommand {
    let options: GenerateOptions

    func run() throws {
        try options.model.computing(options.dtype) {
            let tokenizer = try options.model.tokenizer()
            guard let source = tokenizer.chatTemplate else {
                throw CommandError.failure("the tokenizer has no chat template; use the folder with its tokenizer_config.json")
            }
            let template = try ChatTemplate(source: source)
            let model = try options.model.pretrainedModel(reading: options.dtype)
            if let path = options.model.loraPath { _ = try options.model.adapter(on: model, path: path) }
            if let prompt = options.prompt {
                try answer(prompt, model, tokenizer, template)
            } else {
                while let prompt = readLine() { try answer(prompt, model, tokenizer, template) }
            }
        }
    }

    private func answer(_ prompt: String, _ model: MiniMind, _ tokenizer: Tokenizer, _ template: ChatTemplate) throws {
        var messages = [Message(role: "user", content: prompt)]
        if let system = options.system { messages.insert(Message(role: "system", content: system), at: 0) }
        let text = try template.render(
            messages: messages, addGenerationPrompt: true, bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken)
        let sampler = TokenSampler(
            temperature: options.isGreedy ? 0 : Float(options.temperature), topP: Float(options.topP),
            repetitionPenalty: Float(options.repetitionPenalty), seed: UInt64(options.model.seed))
        var decoder = StreamingDecoder(tokenizer)
        var whole = ""
        func emit(_ part: String) {
            if options.doesNotStream { whole += part } else { Console.shared.part(part) }
        }
        try model.generate(
            from: tokenizer.encode(text), maximumTokens: options.maximumNewTokens, ends: Set([tokenizer.eosID].compactMap { $0 }), sampler: sampler
        ) { token in
            emit(decoder.append(token))
            return true
        }
        emit(decoder.finish())
        Console.shared.part(whole + "\n")
    }
}
