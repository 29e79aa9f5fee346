import Foundation
import Tensor

/// Files of tokens that are to be added to a tokenizer.
///
/// - Text: a token a line, which is not special. Lines of white space alone are passed over. A token with white space around
///   it has to be written in JSON, since in a line nobody sees it.
/// - JSON: an array of texts and of objects as ``AddedToken/json`` has them.
/// - JSON Lines: a text or such an object a line.
///
/// `.json`, `.jsonl` and `.ndjson` say which it is. A file of another name is JSON where it is an array of texts and
/// objects, and JSON Lines where its first line is an object with a `content`.
public enum AddedTokenFile {
    /// Reads a file, in UTF-8 with or without a byte order mark. The same token twice is one.
    ///
    /// - Throws: ``TokenizerError/badToken(place:reason:)``, which names the file and the line, or the element of the array.
    public static func read(_ path: String) throws(TokenizerError) -> [AddedToken] {
        let text = try text(of: path)
        var list = AddedTokenList()
        switch try contents(text, path) {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                let place = "\(path): [\(index)]"
                try list.append(AddedToken(element, at: place), at: place)
            }
        case .jsonLines:
            for (place, line) in lines(text, path) {
                try list.append(AddedToken(try json(line, place), at: place), at: place)
            }
        case .lines:
            for (place, line) in lines(text, path) { try list.append(token(line, place), at: place) }
        }
        guard !list.tokens.isEmpty else {
            throw .badToken(place: path, reason: "has no tokens; write one a line, or a JSON array of them")
        }
        return list.tokens
    }

    private enum Contents {
        case lines
        case jsonLines
        case array([JSON])
    }

    private static func contents(_ text: Substring.UnicodeScalarView, _ path: String) throws(TokenizerError) -> Contents {
        let name = (path as NSString).pathExtension.lowercased()
        if name == "jsonl" || name == "ndjson" { return .jsonLines }
        let start = text.first { !$0.properties.isWhitespace }
        let isArray = start == "["
        guard let start, isArray || start == "{" || name == "json" else { return .lines }
        do throws(JSONError) {
            let value = try JSON(parsing: String(text))
            if let array = value.array, name == "json" || isList(array) { return .array(array) }
            if value.object != nil, name == "json" || value["content"] != nil { return .array([value]) }
        } catch {
            // An object may be the first of several, a line each.
            if name == "json", isArray || start != "{" {
                throw .badToken(place: "\(path): line \(error.line)", reason: "\(error.reason) at column \(error.column)")
            }
        }
        if name == "json" { return .jsonLines }
        let first = lines(text, path).lazy.compactMap { try? JSON(parsing: String($0.line)) }.first
        return !isArray && first?["content"] != nil ? .jsonLines : .lines
    }

    private static func isList(_ array: [JSON]) -> Bool {
        !array.isEmpty && array.allSatisfy { $0.string != nil || $0.object != nil }
    }

    // MARK: Lines

    /// The lines that are not blank, without their ends.
    private static func lines(
        _ text: Substring.UnicodeScalarView, _ path: String
    ) -> [(place: String, line: Substring.UnicodeScalarView)] {
        var lines: [(place: String, line: Substring.UnicodeScalarView)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.last == "\r" ? line.dropLast() : line
            if line.contains(where: { !$0.properties.isWhitespace }) { lines.append(("\(path): line \(index + 1)", line)) }
        }
        return lines
    }

    private static func token(_ line: Substring.UnicodeScalarView, _ place: String) throws(TokenizerError) -> AddedToken {
        if line.first?.properties.isWhitespace == true || line.last?.properties.isWhitespace == true {
            throw .badToken(place: place, reason: "has white space around the token; take it away, or write the token in JSON")
        }
        if line.contains(where: { $0.properties.generalCategory == .control && $0 != "\t" }) {
            throw .badToken(place: place, reason: "has a control character; write the token in JSON")
        }
        return AddedToken(String(line))
    }

    private static func json(_ line: Substring.UnicodeScalarView, _ place: String) throws(TokenizerError) -> JSON {
        do throws(JSONError) {
            return try JSON(parsing: String(line))
        } catch {
            throw .badToken(place: place, reason: "\(error.reason) at column \(error.column)")
        }
    }

    // MARK: Text

    private static func text(of path: String) throws(TokenizerError) -> Substring.UnicodeScalarView {
        let bytes: Foundation.Data
        do throws(TokenizerError) {
            bytes = try JSONField.bytes(of: path)
        } catch {
            guard case .unreadable(_, let reason) = error else { throw error }
            throw .badToken(place: path, reason: reason)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let number = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
            throw .badToken(place: "\(path): line \(number + 1)", reason: "is not UTF-8")
        }
        let scalars = Substring(text).unicodeScalars
        return scalars.first == "\u{FEFF}" ? scalars.dropFirst() : scalars
    }
}
