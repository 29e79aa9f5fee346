import Foundation

/// The file that a tokenizer is read from, which its name tells.
struct TokenizerFile: Equatable {
    enum Format {
        case tokenizerJSON
        /// Mistral's.
        case tekken
        /// SentencePiece's or tiktoken's.
        case model
        /// tiktoken's.
        case ranks
        /// `vocab.json`, with `merges.txt` beside it.
        case vocabularyAndMerges
        /// BERT's.
        case wordPieces
    }

    let path: String
    let format: Format

    /// The names in the order in which they are looked for, which is that of `transformers`.
    static let names = [
        "tokenizer.json", "tekken.json", "tokenizer.model", "tiktoken.model", "spiece.model", "sentencepiece.bpe.model",
        "sentencepiece.model", "spm.model", "qwen.tiktoken", "vocab.json", "vocab.txt",
    ]

    var folder: String {
        let folder = (path as NSString).deletingLastPathComponent
        return folder.isEmpty ? "." : folder
    }

    /// The tokenizer of a folder.
    init(in folder: String) throws(TokenizerError) {
        // The system would take what comes before it for the path.
        guard !folder.contains("\0") else { throw .unreadable(file: folder, reason: "there is no such folder") }
        if let name = Self.name(in: folder) {
            try self.init(path: "\(folder)/\(name)")
            return
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
            throw .unreadable(file: folder, reason: "there is no such folder")
        }
        guard isFolder.boolValue else { throw .unreadable(file: folder, reason: "is a file, not a folder") }
        throw .unreadable(file: folder, reason: "the folder has no tokenizer: none of \(Self.names.joined(separator: ", ")) is there")
    }

    /// A file that was named.
    init(path: String) throws(TokenizerError) {
        guard let format = Self.format(of: (path as NSString).lastPathComponent) else {
            throw .unreadable(file: path, reason: "is not a file of a tokenizer, such as \(Self.names.joined(separator: ", "))")
        }
        // The two belong together, whichever of them is named.
        if (path as NSString).lastPathComponent == "merges.txt" {
            self.path = ((path as NSString).deletingLastPathComponent as NSString).appendingPathComponent("vocab.json")
        } else {
            self.path = path
        }
        self.format = format
    }

    /// The name of the file that the tokenizer of a folder is read from; `nil` where the folder has no such file.
    static func name(in folder: String) -> String? { names.first { exists("\(folder)/\($0)") } }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// The format of a file of a name; `nil` for one that is not a tokenizer's.
    static func format(of name: String) -> Format? {
        switch name {
        case "tokenizer.json": .tokenizerJSON
        case "vocab.json", "merges.txt": .vocabularyAndMerges
        case "vocab.txt": .wordPieces
        case _ where name.contains("tekken") && name.hasSuffix(".json"): .tekken
        case _ where name.hasSuffix(".json"): .tokenizerJSON
        case _ where name.hasSuffix(".tiktoken"): .ranks
        case _ where name.hasSuffix(".model"): .model
        case _ where name.hasSuffix(".txt"): .wordPieces
        default: nil
        }
    }
}

extension Tokenizer {
    /// Reads the tokenizer of a file, which its name tells: `tokenizer.json`, `tekken.json`, `tokenizer.model` of
    /// SentencePiece or of tiktoken, a file of tiktoken's ranks (`.tiktoken`), `vocab.json` with `merges.txt` beside it, or
    /// `vocab.txt`. What stands beside it counts as in ``init(folder:)``.
    ///
    /// - Throws: ``TokenizerError`` where a file is missing or damaged, or the tokenizer is of a kind that is not supported.
    public init(file: String) throws(TokenizerError) { try self.init(TokenizerDescription(file: file)) }

    /// The file of a folder that ``init(folder:)`` reads the tokenizer from; `nil` where the folder has none of them.
    public static func file(in folder: String) -> String? { TokenizerFile.name(in: folder).map { "\(folder)/\($0)" } }
}
