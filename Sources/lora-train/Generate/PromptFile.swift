import Data
import Foundation
import Tensor

/// A file of prompts: a line each, empty ones passed over.
struct PromptFile {
    let path: String
    /// The conversations to be gone on with, each with the number of its line from 1 on.
    let conversations: [(line: Int, conversation: Conversation)]

    /// - Parameter system: stands before prompts that are no whole conversation
    /// - Throws: ``CommandError`` with the path and the line
    init(path: String, system: String?) throws {
        self.path = path
        let bytes = try TensorFile.bytes(of: path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError.failure("\(path) is not UTF-8 text; convert it")
        }
        var conversations: [(line: Int, conversation: Conversation)] = []
        // By bytes: to Swift, a carriage return and a line feed are one character.
        for (index, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let trimmed = String(Substring(line)).trimmingCharacters(in: .whitespacesAndNewlines)
            if trimmed.isEmpty { continue }
            do {
                conversations.append((index + 1, try Self.conversation(trimmed, system)))
            } catch {
                throw CommandError.failure("\(path), line \(index + 1): \(error)")
            }
        }
        guard !conversations.isEmpty else { throw CommandError.failure("\(path) holds no prompt") }
        self.conversations = conversations
    }

    /// The user's words, or a JSON object.
    private static func conversation(_ line: String, _ system: String?) throws -> Conversation {
        guard line.hasPrefix("{") else { return Conversation(prompt: line, system: system) }
        let record = try JSON(parsing: line)
        if let prompt = record["prompt"]?.string { return Conversation(prompt: prompt, system: record["system"]?.string ?? system) }
        var conversation = try Conversation(record: record)
        // A record of training data ends with the answer that is now asked for.
        while conversation.messages.last?.role == "assistant" { conversation.messages.removeLast() }
        guard conversation.messages.contains(where: { $0.role == "user" }) else {
            throw CommandError.failure("the conversation asks nothing; it needs a turn of the user")
        }
        return conversation
    }
}
