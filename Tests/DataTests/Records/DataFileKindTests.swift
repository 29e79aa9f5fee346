import Data
import Foundation
import TestSupport
import Testing

@Suite("Data files that are not JSONL")
struct DataFileKindTests {
    private static let record = #"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#
    private static let oneALine = "write each record on a line of its own (JSONL)"
    private static let convert = #"write one {"messages": […]} a line"#

    /// What opening a file of these bytes says, without its path; nil where it opens.
    private func refusal(_ bytes: [UInt8], access: RecordAccess = .checked, onBadRecord: BadRecordPolicy = .stop) throws -> String? {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/data.jsonl"
        try bytes.write(to: path)
        let tokenizer = try TestTokenizer.minimind()
        do throws(DatasetError) {
            _ = try SFTDataset(
                path: path, tokenizer: tokenizer, maxSequenceLength: 64, access: access, onBadRecord: onBadRecord)
            return nil
        } catch {
            #expect(error.description.hasPrefix(path))
            return String(error.description.dropFirst(path.count))
        }
    }

    private func expect(
        _ bytes: [UInt8], _ name: String, _ remedy: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let expected = " is \(name), not JSONL; \(remedy)"
        #expect(try refusal(bytes) == expected, sourceLocation: sourceLocation)
        #expect(try refusal(bytes, access: .streaming, onBadRecord: .skip) == expected, sourceLocation: sourceLocation)
    }

    private func expect(_ text: String, _ name: String, _ remedy: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try expect(Array(text.utf8), name, remedy, sourceLocation: sourceLocation)
    }

    @Test func packedFiles() throws {
        try expect([0x1F, 0x8B, 8, 0, 0, 0], "compressed with gzip", "unpack it (gunzip)")
        try expect([0x28, 0xB5, 0x2F, 0xFD, 4, 0], "compressed with zstd", "unpack it (unzstd)")
        try expect("BZh91AY", "compressed with bzip2", "unpack it (bunzip2)")
        try expect([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0], "compressed with xz", "unpack it (unxz)")
        try expect("PK\u{3}\u{4}data.jsonl", "a zip archive", "unpack it (unzip)")
        try expect("PK\u{3}\u{4}[Content_Types].xml xl/workbook.xml", "an Excel workbook", Self.convert)
    }

    @Test func tables() throws {
        let pandas = #"convert it, in pandas with read_parquet(…).to_json(…, orient="records", lines=True)"#
        let datasets = "load it with Hugging Face datasets, and write it with to_json"
        try expect("PAR1\u{15}\u{4}", "Parquet", pandas)
        try expect("ARROW1\0\0", "Arrow", datasets)
        try expect("FEA1\0\0", "Arrow", datasets)
        try expect([0xFF, 0xFF, 0xFF, 0xFF, 0x10, 0, 0, 0], "Arrow", datasets)
        try expect("SQLite format 3\0\u{10}", "an SQLite database", Self.convert)
        try expect("instruction,input,output\nSay hi,,\"Hi, you\"\n", "CSV", Self.convert)
        try expect("\u{FEFF}\"prompt\";\"completion text\"\r\n\"a\";\"b\"\r\n", "CSV", Self.convert)
        try expect("question\tanswer\nWho?\tMe.\n", "TSV", Self.convert)
    }

    @Test func wideText() throws {
        for (encoding, width) in [
            (String.Encoding.utf16LittleEndian, 16), (.utf16BigEndian, 16), (.utf32LittleEndian, 32), (.utf32BigEndian, 32),
        ] {
            for text in [Self.record, "\u{FEFF}" + Self.record] {
                let bytes = try #require(text.data(using: encoding))
                try expect([UInt8](bytes), "UTF-\(width)", "save it as UTF-8")
            }
        }
    }

    @Test func otherJSON() throws {
        let (array, object) = ("a JSON array", "a JSON object over several lines")
        try expect("[\(Self.record)]", array, Self.oneALine)
        try expect(" [\(Self.record), \(Self.record)]\n\n", array, Self.oneALine)
        try expect("[\n  \(Self.record),\n  \(Self.record)\n]\n", array, Self.oneALine)
        try expect("[\n  {\n    \"messages\": []\n  }\n]", array, Self.oneALine)
        try expect("[]", array, Self.oneALine)
        try expect("[\(Self.record),\n\(Self.record)]", array, Self.oneALine)
        // A download that was cut off.
        try expect("[\n\(Self.record),\n\(Self.record.dropLast(9))", array, Self.oneALine)
        // Longer than what is looked at.
        try expect("[" + Array(repeating: Self.record, count: 2000).joined(separator: ",") + "]", array, Self.oneALine)
        try expect("[\n" + Array(repeating: Self.record, count: 2000).joined(separator: ",\n") + "\n]", array, Self.oneALine)
        try expect("{\n  \"messages\": [\n    {\"role\": \"user\"}\n  ]\n}\n", object, Self.oneALine)
        try expect("{\"data\": [\n\(Self.record)\n]}", object, Self.oneALine)
        try expect("{\n\"messages\": []\n}\n{\n\"messages\": []\n}\n", object, Self.oneALine)
    }

    @Test func otherText() throws {
        try expect(
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "a pointer of Git LFS",
            "download the file itself (git lfs pull)")
        let page = "the download failed, so download the file itself"
        try expect("\n<!DOCTYPE html>\n<html><body>404</body></html>", "an HTML page", page)
        try expect("<html lang=\"en\">", "an HTML page", page)
        try expect("conversations:\n  - role: user\n    content: a\n", "YAML", Self.convert)
        try expect("---\nmessages: []\n", "YAML", Self.convert)
        try expect("# data\n- messages:\n  - role: user\n", "YAML", Self.convert)
        try expect("Hello, how are you?\nFine, thanks.\n", "plain text", Self.convert)
        try expect("User: hello\nAssistant: hi\n", "plain text", Self.convert)
        try expect("[INST] hello [/INST] hi\n", "plain text", Self.convert)
        try expect("text\nfoo\n", "plain text", Self.convert)
    }

    @Test("A JSONL file with a broken first line is JSONL, and the line is named")
    func brokenFirstLines() throws {
        func line(_ text: String, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
            let refusal = try refusal(Array(text.utf8))
            #expect(refusal?.hasPrefix(", line 1: \(reason)") == true, "\(refusal ?? "opens")", sourceLocation: sourceLocation)
        }
        let (broken, notAnObject) = ("broken JSON at column", "not an object")
        try line("{\"messages\": [\n\(Self.record)\n", broken)
        try line("{\"messages\": [\n\(Self.record)\n\(Self.record)\n", broken)
        try line("\(Self.record.dropLast())\n\(Self.record)", broken)
        try line("\(Self.record),\n\(Self.record),\n", broken)
        try line("{'messages': []}\n{'messages': []}", broken)
        try line("\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", broken)
        try line("remark\n\(Self.record)", broken)
        try line("a,b\n\(Self.record)", broken)
        try line("{", "a record goes over several lines")
        try line("{\n{\n{\n", "a record goes over several lines")
        try line("[1]\n[2]\n", "\(notAnObject) but a list")
        try line("\"a\"\n\"b\"\n", "\(notAnObject) but text")
        try line("{\"text\": \"a\"}\n", #"no "conversations" and no "messages""#)
        let latin = try refusal(Array("caf".utf8) + [0xE9, 0x0A])
        #expect(latin == ", line 1: not UTF-8 from column 4 on; save the file as UTF-8")
        #expect(try refusal(Array("\u{FEFF}\r\n\(Self.record)\n".utf8)) == nil)
    }

    @Test("The error is one that a script can tell apart")
    func theError() throws {
        let error = DatasetError.otherFormat(path: "data.csv", kind: "CSV", remedy: Self.convert)
        #expect(error.description == #"data.csv is CSV, not JSONL; write one {"messages": […]} a line"#)
    }
}
