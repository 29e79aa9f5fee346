import Data
import Foundation
import Tensor

/// Answers to prompts, by the base alone or with an adapter.
struct GenerateCommand {
    let options: GenerateOptions

    func run() throws {
        try options.answer.model.computing(options.answer.dtype) {
            // A broken file of prompts is better found before the model is read.
            let prompts = try options.promptsPath.map { try PromptFile(path: $0, system: options.answer.system) }
            if options.outputPath != nil, prompts == nil { throw CommandError.usage("--output is for the answers to --prompts FILE") }
            if let output = options.outputPath { try OutputPath.check(output, flag: "--output", against: [options.promptsPath]) }
            let (answerer, _) = try Answerer.load(options.answer)
            if let prompts {
                try answerAll(prompts, answerer)
            } else if let prompt = options.prompt {
                try answer(prompt, answerer)
            } else {
                try answerInput(answerer)
            }
        }
    }

    private func answer(_ prompt: String, _ answerer: Answerer) throws {
        let line = AnswerLine()
        try line.ending {
            let answer = try answerer.answer(Conversation(prompt: prompt, system: options.answer.system)) { part in
                if !options.doesNotStream { line.write(part) }
                return true
            }
            if options.doesNotStream { line.write(answer.text) }
        }
    }

    /// Answers each line of standard input.
    private func answerInput(_ answerer: Answerer) throws {
        var (count, failures) = (0, 0)
        while let prompt = readLine() {
            count += 1
            do {
                try answer(prompt, answerer)
            } catch {
                Console.shared.note("error: line \(count): \("\(error)".message)")
                failures += 1
            }
        }
        try check(failures, of: count)
    }

    /// Answers one prompt after the other, each from the same seed, a line of JSON each as soon as it is there. A prompt
    /// that cannot be answered has none.
    private func answerAll(_ prompts: PromptFile, _ answerer: Answerer) throws {
        let output = try options.outputPath.map { try LineOutput(path: $0) }
        let count = prompts.conversations.count
        var failures = 0
        for (number, conversation) in prompts.conversations {
            let answer: Answerer.Answer
            do {
                answer = try answerer.answer(conversation)
            } catch {
                let failure = "\(prompts.path), line \(number): \("\(error)".message)"
                guard count > 1 else { throw CommandError.failure(failure) }
                Console.shared.note("error: \(failure)")
                failures += 1
                continue
            }
            let line: JSON = [
                "line": .integer(number), "prompt": .string(conversation.lastQuestion), "answer": .string(answer.text),
                "tokens": .integer(answer.tokenCount), "finish": .string(answer.isFinished ? "stop" : "length"),
            ]
            if let output { try output.append(line.serialized) } else { Console.shared.line(line.serialized) }
        }
        if let path = options.outputPath { Console.shared.note("\(count - failures) answers in \(path)") }
        try check(failures, of: count)
    }

    /// - Throws: ``CommandError`` where a prompt was not answered
    private func check(_ failures: Int, of count: Int) throws(CommandError) {
        guard failures == 0 else { throw .failure("\(failures) of \(count) prompts could not be answered") }
    }
}

extension Conversation {
    /// A user's words, behind a system message where there is one.
    init(prompt: String, system: String?) {
        let user = Message(role: "user", content: prompt)
        self.init(messages: system.map { [Message(role: "system", content: $0), user] } ?? [user])
    }

    /// The user's last words.
    var lastQuestion: String { messages.last { $0.role == "user" }?.content ?? "" }
}
