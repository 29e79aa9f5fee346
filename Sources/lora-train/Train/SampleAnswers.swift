import Data
import Model
import Training

/// What the model answers to `--sample_prompts`, before the training and after it: always the most likely token, so
/// that what differs comes of the training.
struct SampleAnswers {
    private let prompts: PromptFile
    private let answerer: Answerer

    /// Tokens of an answer at the most.
    private static let maximumTokens = 128

    /// - Throws: ``CommandError`` where the file cannot be read or holds no prompt, or where the tokenizer has no template
    init(path: String, _ model: MiniMind, _ tokenizer: Tokenizer) throws {
        prompts = try PromptFile(path: path, system: nil)
        var options = AnswerOptions()
        options.isGreedy = true
        options.maximumNewTokens = Self.maximumTokens
        answerer = try Answerer(model, tokenizer, options)
        // A conversation that the template refuses is better found before hours of training than after.
        for (number, conversation) in prompts.conversations {
            do {
                _ = try answerer.prompt(conversation)
            } catch {
                throw CommandError.failure("\(prompts.path), line \(number): \(error)")
            }
        }
    }

    /// - Parameter step: micro-batches of the run that are done
    func report(_ moment: AnswerReport.Moment, step: Int) throws -> AnswerReport {
        AnswerReport(
            moment: moment, step: step,
            answers: try prompts.conversations.map {
                AnswerReport.Answer(prompt: $0.conversation.lastQuestion, answer: try answerer.answer($0.conversation).text)
            })
    }
}
