import Data
import Foundation
import Model
import Tensor

/// A conversation on the terminal.
struct ChatCommand {
    let options: ChatOptions
    private var console: Console { Console.shared }

    func run() throws {
        try options.answer.model.computing(options.answer.dtype) {
            let (answerer, adapters) = try Answerer.load(options.answer)
            var session = ChatSession(answerer, adapters, options.answer)
            if isInteractive { console.note("/help lists what else can be typed; Ctrl-C ends an answer, Ctrl-D the conversation") }
            var input = LineReader()
            // What is typed into a pipe is not taken back.
            if isInteractive { Interruption.watchAtPrompt() }
            while true {
                if isInteractive { console.part("> ") }
                guard let line = input.next() else { break }
                guard case .text(let line) = line else {
                    console.part("\n")
                    console.note("(Ctrl-D or /quit ends the conversation)")
                    continue
                }
                let text = line.trimmingCharacters(in: .whitespaces)
                if text.isEmpty { continue }
                // An error of a turn ends the turn and not the conversation.
                do {
                    if !text.hasPrefix("/") {
                        try answer { try session.answer(text, onText: $0) }
                    } else if try !command(text, &session) {
                        return
                    }
                } catch {
                    console.note("error: \("\(error)".message)")
                }
            }
            if isInteractive { console.part("\n") }
        }
    }

    private var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    /// Streams an answer; Ctrl-C ends it and not the conversation.
    private func answer(_ body: (_ onText: (String) -> Bool) throws -> Void) throws {
        _ = Interruption.take()
        defer { _ = Interruption.take() }
        let line = AnswerLine()
        try line.ending {
            try body { part in
                line.write(part)
                return Interruption.number == nil
            }
        }
    }

    /// Does what a line that begins with a slash says.
    ///
    /// - Returns: whether the conversation goes on
    private func command(_ line: String, _ session: inout ChatSession) throws -> Bool {
        let parts = line.split(separator: " ", maxSplits: 1)
        let argument = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        switch parts[0] {
        case "/quit", "/exit": return false
        case "/help": console.note(Self.help)
        case "/reset":
            session.reset()
            console.note("the conversation begins anew")
        case "/system":
            session.system = argument.isEmpty ? nil : argument
            session.reset()
            console.note(
                argument.isEmpty
                    ? "no system message; the conversation begins anew" : "the conversation begins anew with this system message")
        case "/retry":
            guard session.canRetry else { throw CommandError.failure("there is no answer to write again") }
            try answer { try session.retry(onText: $0) }
        case "/adapters": for line in session.adapters.lines { console.note(line) }
        case "/load":
            let words = argument.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { throw CommandError.failure("/load NAME PATH") }
            try session.adapters.load(words[0], path: words[1])
            try session.switchAdapters(words[0])
            console.note(session.adapters.summary)
        case "/adapter":
            if !argument.isEmpty { try session.switchAdapters(argument) }
            console.note(session.adapters.summary)
        default:
            let names = ["/quit", "/help", "/reset", "/system", "/retry", "/adapters", "/adapter", "/load"]
            let hint = Spelling.nearest(to: String(parts[0]), among: names).map { "did you mean \($0)?" } ?? "/help lists what there is"
            throw CommandError.failure("there is no \(parts[0]); \(hint)")
        }
        return true
    }

    private static let help = """
        /adapter NAME       answers with this adapter from now on; `none` with the base alone
        /adapter A=0.7,B=0.3  with several at once, each times a weight
        /adapters           the adapters that are loaded
        /load NAME PATH     loads another adapter and switches to it
        /system TEXT        begins anew with a system message; without TEXT with none
        /retry              writes the last answer again, drawn anew
        /reset              begins anew
        /quit               ends (Ctrl-D too)
        """
}
