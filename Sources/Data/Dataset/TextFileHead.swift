import Foundation
import Tensor

/// The start of a text file, which is told from JSONL by what its first lines look like.
struct TextFileHead {
    private let bytes: [UInt8]
    /// Lines that are not blank, without the newlines; the last may be cut.
    private let lines: [ArraySlice<UInt8>]
    /// Whether the last line goes on after the bytes that are looked at.
    private let isCut: Bool

    /// As many lines as are looked at.
    private static let lineLimit = 200

    init(_ head: [UInt8], isWhole: Bool) {
        bytes = head.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(head.dropFirst(3)) : head
        let lines = bytes.split(separator: 0x0A).map { Self.trimmed($0) }.filter { !$0.isEmpty }
        isCut = !isWhole && lines.count <= Self.lineLimit
        self.lines = Array(lines.prefix(Self.lineLimit))
    }

    /// The kind of the file; nil for JSONL, and for what is not known.
    var kind: DataFileKind? {
        guard let first = lines.first else { return nil }
        switch first.first {
        case UInt8(ascii: "{"):
            return goesOverLines ? DataFileKind("a JSON object over several lines", Self.oneALine) : nil
        case UInt8(ascii: "[") where beginsArray:
            let isOne = lines.count == 1 || !isJSON(first) && goesOverLines
            return isOne ? DataFileKind("a JSON array", Self.oneALine) : nil
        default:
            return textKind
        }
    }

    private static let oneALine = "write each record on a line of its own (JSONL)"

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        return line.drop(while: isBlank).reversed().drop(while: isBlank).reversed()[...]
    }

    // MARK: JSON

    private func isJSON(_ line: ArraySlice<UInt8>) -> Bool { (try? JSON(parsing: line)) != nil }

    /// Whether a bracket opens an array of JSON, and not a word such as `[INST]`.
    private var beginsArray: Bool {
        let start = bytes.drop { $0 <= 0x20 }.dropFirst().first { $0 > 0x20 }
        return start.map { #"{["]-0123456789tfn"#.utf8.contains($0) } ?? true
    }

    /// Whether the value that the first line begins goes on in the second: reading gets past that one's first character.
    private var goesOverLines: Bool {
        guard lines.count > 1, !isJSON(lines[0]) else { return false }
        let second = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).lazy
            .filter { line in line.contains { $0 > 0x20 } }.dropFirst().first
        guard let second, let start = second.firstIndex(where: { $0 > 0x20 }) else { return false }
        do {
            _ = try JSON(parsing: bytes)
            return true
        } catch {
            // A whole record in the second line is one of its own, and the first line is a broken one.
            return error.offset > start && !(lines[0].first == UInt8(ascii: "{") && isJSON(lines[1]))
        }
    }

    // MARK: Other text

    private var textKind: DataFileKind? {
        let start = String(decoding: bytes.prefix(200).drop { $0 <= 0x20 }, as: UTF8.self).lowercased()
        if ["<!doctype html", "<html", "<head"].contains(where: { start.hasPrefix($0) }) {
            return DataFileKind("an HTML page", "the download failed, so download the file itself")
        }
        if start.hasPrefix("version https://git-lfs.github.com/spec/") {
            return DataFileKind("a pointer of Git LFS", "download the file itself (git lfs pull)")
        }
        guard !isJSON(lines[0]),
            !lines.dropFirst().enumerated().contains(where: { isRecord($0.element, isLast: $0.offset == lines.count - 2) })
        else { return nil }
        let texts = lines.dropLast(isCut && lines.count > 1 ? 1 : 0).map { String(validating: $0, as: UTF8.self) }
        guard let header = texts[0] else { return nil }
        if Self.isHeader(header, separator: "\t") { return DataFileKind("TSV", DataFileKind.convert) }
        if Self.isHeader(header, separator: ",") || Self.isHeader(header, separator: ";") {
            return DataFileKind("CSV", DataFileKind.convert)
        }
        if isYAML { return DataFileKind("YAML", DataFileKind.convert) }
        return texts.allSatisfy(Self.isProse) ? DataFileKind("plain text", DataFileKind.convert) : nil
    }

    /// Whether a line is a record, or the start of one that the bytes cut off.
    private func isRecord(_ line: ArraySlice<UInt8>, isLast: Bool) -> Bool {
        guard line.first == UInt8(ascii: "{") || line.first == UInt8(ascii: "[") else { return false }
        return isJSON(line) || isCut && isLast
    }

    /// Whether a line is text, and no broken JSON.
    private static func isProse(_ line: String?) -> Bool {
        guard let line else { return false }
        return !line.unicodeScalars.contains("\0") && !line.contains("{\"") && !line.contains("\":")
    }

    /// Whether a line has the names of two or more columns.
    private static func isHeader(_ line: String, separator: Character) -> Bool {
        let columns = line.split(separator: separator, omittingEmptySubsequences: false)
        return columns.count > 1 && columns.allSatisfy(isColumnName)
    }

    private static func isColumnName(_ column: Substring) -> Bool {
        var name = column
        if name.count > 2, name.hasPrefix("\""), name.hasSuffix("\"") { name = name.dropFirst().dropLast() }
        // Prose has a blank after a comma, and its clauses are longer.
        guard let first = name.first, first.isLetter || first == "_", name.utf8.count <= 40 else { return false }
        return name.allSatisfy { $0.isLetter || $0.isNumber || "_ -.:/()".contains($0) }
    }

    /// Whether the first lines are a key with what is under it, or a list of such.
    private var isYAML: Bool {
        var lines = bytes.split(separator: 0x0A)[...].map { String(decoding: $0, as: UTF8.self) }
            .filter { line in !line.hasPrefix("#") && line.contains { !$0.isWhitespace } }[...]
        let isMarked = lines.first?.hasPrefix("---") ?? false
        if isMarked { lines = lines.dropFirst() }
        guard let first = lines.first?.trimmingCharacters(in: .whitespaces) else { return false }
        let item = first.hasPrefix("- ") ? first.dropFirst(2) : first[...]
        guard let colon = item.firstIndex(of: ":") else { return false }
        let isKey = item[..<colon].allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" } && item.startIndex < colon
        let rest = item[colon...].dropFirst()
        guard isKey, rest.isEmpty || rest.first == " " else { return false }
        if isMarked || first.hasPrefix("- ") { return true }
        // "User: hello" is a key too: without a mark, the first key must have something under it.
        return rest.isEmpty && lines.dropFirst().first.map { $0.hasPrefix(" ") || $0.hasPrefix("- ") } ?? false
    }
}
