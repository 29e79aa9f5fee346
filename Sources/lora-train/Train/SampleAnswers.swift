import Data
import Model
import Tensor
import Training

/// What the model answers to `--sample_prompts`, before the training and after it: always the most likely token, so
/// that what differs comes of the training.
struct SampleAnswers {
    private let prompts: PromptFile
    private let answerer: Answerer
    private let precision: Precision

    /// Tokens of an answer at the most.
    private static let maximumTokens = 128

    /// - Parameter precision: of the training's products
    /// - Throws: ``CommandError`` where the file cannot be read or holds no prompt
    init(path: String, _ model: LanguageModel, _ format: ChatFormat, _ precision: Precision) throws {
        self.precision = precision
        prompts = try PromptFile(path: path, system: nil)
        var options = AnswerOptions()
        options.isGreedy = true
        options.maximumNewTokens = Self.maximumTokens
        answerer = Answerer(model, format, options)
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
        let answers = try ComputeContext.with({ $0.precision = precision }) {
            try prompts.conversations.map {
                AnswerReport.Answer(prompt: $0.conversation.lastQuestion, answer: try answerer.answer($0.conversation).text)
            }
        }
        return AnswerReport(moment: moment, step: step, answers: answers)
    }
}
