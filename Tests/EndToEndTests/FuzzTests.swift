import Foundation
import TestSupport
import Testing

/// A short run of the fuzzer, of the inputs with which a long one begins: the whole corpus, then mutations of it.
@Suite("Mutated files", .serialized)
struct FuzzTests {
    @Test(
        "No reader traps, hangs or takes too much memory",
        arguments: [
            "pth", "safetensors", "gguf", "tokenizer", "jsonl", "template", "vocab", "vocabtxt", "sentencepiece", "tekken", "tiktoken",
        ])
    func mutated(_ format: String) throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // A debug build on a machine with other work takes its time.
        let run = try Command([format, "--count", "1000", "--patience", "60", "--failures", folder], of: "fuzz")
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        let figures = try #require(run.lines.last).split(separator: " ")
        try #require(figures.count > 3)
        #expect(figures[0] == format[...] && figures[1] == "1000")
        // Mutations that no reader takes would show nothing of what lies behind.
        #expect(try #require(Int(figures[2])) > 50, "\(run.output)")
    }

    @Test(
        "A reader that does is seen, and what it read is kept",
        arguments: [
            ("trap", "rehearsed"), ("hang", "hangs"), ("memory", "MiB of memory"), ("error", "rehearsed"),
        ])
    func rehearsed(_ failure: String, _ word: String) throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // The others are not about time: a sanitizer's memory is taken slowly, and by a machine with other work more slowly.
        let patience = failure == "hang" ? "5" : "600"
        let run = try Command(
            ["template", "--count", "3", "--rehearse", failure, "--patience", patience, "--failures", folder], of: "fuzz")
        #expect(run.status == 1)
        #expect(run.output.contains("FAILURE template 0") && run.output.contains(word), "\(run.output)\(run.errors)")
        let kept = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(kept == ["template-1-0"])
        // The inputs behind it are read all the same.
        #expect(run.output.contains("template             3"))
    }

    @Test("An input follows from its number")
    func reproduced() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["one", "two"] {
            let run = try Command(["gguf", "--seed", "3", "--only", "777", "--write", "\(folder)/\(name)"], of: "fuzz")
            #expect(run.status == 0)
        }
        let (one, two) = (FileManager.default.contents(atPath: folder + "/one"), FileManager.default.contents(atPath: folder + "/two"))
        #expect(one == two && one?.isEmpty == false)
        let run = try Command(["gguf", "--file", "\(folder)/one"], of: "fuzz")
        #expect(run.status == 0 && run.output.contains("memory"), "\(run.status): \(run.output)\(run.errors)")
    }
}
