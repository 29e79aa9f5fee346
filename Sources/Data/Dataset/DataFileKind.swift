/// A kind of file that people take for a data file and that is not JSONL: what errors call it, and what to do with it.
///
/// It is told by the first bytes, never by the name. A file whose first line is a JSON object, or was to be one, is
/// JSONL, whatever else is wrong with it.
struct DataFileKind: Equatable {
    let name: String
    let remedy: String

    /// What to do with data that no tool turns into records by itself.
    static let convert = #"write one {"messages": […]} a line"#

    /// As much of a file as is looked at.
    private static let headSize = LineIndex.blockSize

    /// Throws where a file is of another kind than JSONL.
    static func check(_ file: LineFile) throws(DatasetError) {
        let head = try file.read(min(headSize, file.size), at: 0)
        if let kind = DataFileKind(head: head, isWhole: head.count == file.size) {
            throw .otherFormat(path: file.path, kind: kind.name, remedy: kind.remedy)
        }
    }

    init(_ name: String, _ remedy: String) {
        self.name = name
        self.remedy = remedy
    }

    /// - Parameters:
    ///   - head: A file's first bytes.
    ///   - isWhole: Whether they are all.
    /// - Returns: nil for JSONL, and for what is not known
    init?(head: [UInt8], isWhole: Bool) {
        if let kind = Self.binary(head) ?? Self.wideText(head) {
            self = kind
        } else if let kind = TextFileHead(head, isWhole: isWhole).kind {
            self = kind
        } else {
            return nil
        }
    }

    // MARK: Kinds with a signature

    private static func binary(_ head: [UInt8]) -> DataFileKind? {
        signatures.first { head.starts(with: $0.bytes) }.map { signature in
            // A workbook is a zip archive with a folder of this name in it.
            if signature.kind == zip, head.firstRange(of: Array("xl/".utf8)) != nil { return workbook }
            return signature.kind
        }
    }

    private static let zip = DataFileKind("a zip archive", "unpack it (unzip)")
    private static let workbook = DataFileKind("an Excel workbook", convert)
    private static let arrow = DataFileKind("Arrow", "load it with Hugging Face datasets, and write it with to_json")

    private static let signatures: [(bytes: [UInt8], kind: DataFileKind)] = [
        ([0x1F, 0x8B], DataFileKind("compressed with gzip", "unpack it (gunzip)")),
        ([0x28, 0xB5, 0x2F, 0xFD], DataFileKind("compressed with zstd", "unpack it (unzstd)")),
        (Array("BZh".utf8), DataFileKind("compressed with bzip2", "unpack it (bunzip2)")),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], DataFileKind("compressed with xz", "unpack it (unxz)")),
        ([0x50, 0x4B, 0x03, 0x04], zip),
        ([0x50, 0x4B, 0x05, 0x06], zip),
        (
            Array("PAR1".utf8),
            DataFileKind("Parquet", #"convert it, in pandas with read_parquet(…).to_json(…, orient="records", lines=True)"#)
        ),
        (Array("ARROW1".utf8), arrow),
        (Array("FEA1".utf8), arrow),
        // The stream that Hugging Face datasets keeps in its cache.
        ([0xFF, 0xFF, 0xFF, 0xFF], arrow),
        (Array("SQLite format 3\0".utf8), DataFileKind("an SQLite database", convert)),
        (Array("%PDF-".utf8), DataFileKind("a PDF document", convert)),
    ]

    // MARK: Text in wide characters

    /// UTF-16 and UTF-32, by their mark or, since data is mostly ASCII, by where their zeros are.
    private static func wideText(_ head: [UInt8]) -> DataFileKind? {
        let zeros = head.prefix(4).map { $0 == 0 }
        let width: Int
        // The mark of UTF-16 is the start of that of UTF-32.
        if head.starts(with: [0xFF, 0xFE, 0, 0]) || head.starts(with: [0, 0, 0xFE, 0xFF]) {
            width = 32
        } else if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
            width = 16
        } else if zeros == [false, true, true, true] || zeros == [true, true, true, false] {
            width = 32
        } else if zeros == [false, true, false, true] || zeros == [true, false, true, false] {
            width = 16
        } else {
            return nil
        }
        return DataFileKind("UTF-\(width)", "save it as UTF-8")
    }
}
