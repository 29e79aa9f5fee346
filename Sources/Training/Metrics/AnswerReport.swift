import Tensor

/// What the model answers to some prompts.
public struct AnswerReport: Sendable, Equatable {
    /// When the model is asked.
    public enum Moment: String, Sendable {
        /// Before the first step.
        case before
        /// Behind the last step.
        case after
    }

    /// What the model answers to one prompt.
    public struct Answer: Sendable, Equatable {
        /// The user's last words.
        public var prompt: String
        /// The model's words, without the token that ends them.
        public var answer: String

        /// An answer to a prompt.
        public init(prompt: String, answer: String) {
            self.prompt = prompt
            self.answer = answer
        }
    }

    /// When it was asked.
    public var moment: Moment
    /// Micro-batches of the run that were done by then.
    public var step: Int
    /// In the order of the prompts.
    public var answers: [Answer]

    /// Answers of one moment.
    public init(moment: Moment, step: Int, answers: [Answer]) {
        self.moment = moment
        self.step = step
        self.answers = answers
    }

    var json: JSON {
        [
            "answers": .string(moment.rawValue), "step": .integer(step),
            "list": .array(answers.map { ["prompt": .string($0.prompt), "answer": .string($0.answer)] }),
        ]
    }

    init?(_ json: JSON) {
        guard let moment = json["answers"]?.string.flatMap(Moment.init), let step = json["step"]?.integer,
            let list = json["list"]?.array
        else { return nil }
        self.init(
            moment: moment, step: step,
            answers: list.compactMap {
                guard let prompt = $0["prompt"]?.string, let answer = $0["answer"]?.string else { return nil }
                return Answer(prompt: prompt, answer: answer)
            })
    }
}
