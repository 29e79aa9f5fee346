import Tensor

/// A conversation of the same shape in which marks stand for the letters and digits of each message. Where a template
/// writes the marks, it writes that message's words.
struct MarkedConversation {
    let conversation: Conversation
    /// Whether a message has anything that is marked.
    private(set) var hasWords: [Bool] = []
    /// Of each message, which protected texts the messages up to it have, a bit each.
    private(set) var protectedTexts: [UInt64] = []
    /// The messages that share a mark.
    private var messages: [Int: [Int]] = [:]

    /// - Parameter sharesMarks: Whether messages of others than the assistant that are equal stay equal, for templates that
    ///   compare whole messages.
    init(_ original: Conversation, _ protected: ProtectedTexts, sharesMarks: Bool) {
        var marked = original
        var found: UInt64 = 0
        for (index, message) in original.messages.enumerated() {
            let first =
                sharesMarks && message.speaker != .assistant ? original.messages.firstIndex(of: message) ?? index : index
            var marker = MessageMarker(message: first, protected)
            marked.messages[index] = marker.marked(message)
            hasWords.append(marker.hasWords)
            for id in marker.protectedTexts { found |= 1 << UInt64(id & 63) }
            protectedTexts.append(found)
            messages[first % WordMark.period, default: []].append(index)
        }
        conversation = marked
    }

    /// The turns of the assistant that call functions.
    var callingTurns: Set<Int> {
        Set(
            conversation.messages.indices.filter {
                conversation.messages[$0].speaker == .assistant && conversation.messages[$0].callsFunctions
            })
    }

    /// The message that a mark is of: where several have it, the first that does not come before the last one met.
    func message(of mark: WordMark, after last: Int) -> Int? {
        guard let candidates = messages[mark.remainder] else { return nil }
        return candidates.first { $0 >= last } ?? candidates.last
    }
}

/// Puts marks in place of the words of one message.
private struct MessageMarker {
    let message: Int
    let protected: ProtectedTexts
    var hasWords = false
    var protectedTexts: Set<Int> = []

    init(message: Int, _ protected: ProtectedTexts) {
        self.message = message
        self.protected = protected
    }

    mutating func marked(_ original: Message) -> Message {
        var message = original
        message.content = marked(original.content, .content)
        message.parts = original.parts.map { parts in
            parts.map { part in
                guard var part = part.object, let text = part["text"]?.string else { return part }
                part["text"] = .string(marked(text, .content))
                return .object(part)
            }
        }
        for key in ["reasoning_content", "thinking", "reasoning"] {
            if let text = original.extra[key]?.string { message.extra[key] = .string(marked(text, .content)) }
        }
        if let calls = original.extra["tool_calls"]?.array {
            message.extra["tool_calls"] = .array(calls.map { marked(call: $0) })
        }
        return message
    }

    private mutating func marked(call: JSON) -> JSON {
        guard var object = call.object else { return call }
        let isWrapped = object["function"]?.object != nil
        var function = object["function"]?.object ?? object
        // The function's name stays: some templates look it up among the tools, and write it above the result.
        if let arguments = function["arguments"] { function["arguments"] = marked(arguments) }
        if isWrapped { object["function"] = .object(function) } else { object = function }
        return .object(object)
    }

    private mutating func marked(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): return .string(marked(text, .call))
        case .integer(let value): return number(String(value))
        case .largeInteger(let digits): return number(digits)
        case .number(let value): return number(PythonNumber.text(value))
        case .array(let values): return .array(values.map { marked($0) })
        case .object(let object):
            var result = JSONObject()
            for (key, value) in object { result[key] = marked(value) }
            return .object(result)
        default: return value
        }
    }

    /// A number as marks. Those of large integers are written as they are.
    private mutating func number(_ text: String) -> JSON {
        hasWords = true
        let mark = WordMark(.call, message: message).bytes
        return .largeInteger(String(decoding: text.unicodeScalars.flatMap { _ in mark }, as: UTF8.self))
    }

    /// Marks stand for letters and digits of ASCII, and for everything beyond ASCII that prints and is not white space:
    /// what no template looks at, and what no filter writes in another length.
    private mutating func marked(_ text: String, _ kind: WordMark.Kind) -> String {
        let bytes = Array(text.utf8)
        let mark = WordMark(kind, message: message).bytes
        var result: [UInt8] = []
        result.reserveCapacity(3 * bytes.count)
        var index = 0
        while index < bytes.count {
            if let match = protected.match(at: index, in: bytes) {
                protectedTexts.insert(match.id)
                result += bytes[index..<index + match.length]
                index += match.length
                continue
            }
            let byte = bytes[index]
            let length = byte.scalarLength
            if Self.isWord(bytes, index, length) {
                result += mark
                hasWords = true
            } else {
                result += bytes[index..<index + length]
            }
            index += length
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isWord(_ bytes: [UInt8], _ index: Int, _ length: Int) -> Bool {
        let byte = bytes[index]
        if length == 1 {
            return byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5A || byte >= 0x61 && byte <= 0x7A
        }
        // Ideographs and syllables of Hangul, the most of what is not ASCII in many files.
        if byte >= 0xE4, byte <= 0xEC { return true }
        var decoder = UTF8()
        var iterator = bytes[index..<index + length].makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return false }
        return !PythonText.isSpace(scalar) && TemplateInterpreter.isPrintable(scalar)
    }
}

extension Message {
    /// Whether it calls functions.
    var callsFunctions: Bool { extra["tool_calls"]?.array?.isEmpty == false }

    /// The names of the functions that it calls.
    var callNames: [String] {
        (extra["tool_calls"]?.array ?? []).compactMap { call in (call["function"] ?? call)["name"]?.string }.filter { !$0.isEmpty }
    }
}
