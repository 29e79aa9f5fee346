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
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch let error as CocoaError where error.code == .fileReadInapplicableStringEncoding {
            throw CommandError.failure("\(path) is not UTF-8 text; convert it")
        } catch {
            throw CommandError.failure("--prompts: \(path) cannot be read (\(String(cString: strerror(errno))))")
        }
        var conversations: [(line: Int, conversation: Conversation)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let trimmed = line.trimmingCharacters(in: .whitespaces.union(.newlines))
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

/// A file that is written line by line, each there as soon as it is appended.
struct LineOutput {
    private let path: String
    private let handle: FileHandle

    /// - Throws: `TensorFileError` where the file cannot be made
    init(path: String) throws {
        self.path = path
        try AtomicFile.write(Foundation.Data(), to: path)
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw TensorFileError.system(path: path, "cannot be written (\(String(cString: strerror(errno))))")
        }
        self.handle = handle
    }

    func append(_ line: String) throws {
        do {
            try handle.write(contentsOf: Foundation.Data((line + "\n").utf8))
        } catch {
            throw TensorFileError.system(path: path, "cannot be written (\(error.localizedDescription))")
        }
    }
}
