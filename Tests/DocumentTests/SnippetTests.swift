import Testing

/// The Swift of the documents is compiled as a part of this target: each block stands in a file of `Snippets`, inside of
/// a function or beside it.
@Suite("The documents' Swift")
struct SnippetTests {
    /// Lines without the blanks that all of them begin with.
    private static func unindented(_ lines: some Collection<String>) -> [String] {
        let margin = lines.filter { !$0.allSatisfy(\.isWhitespace) }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { line in line.allSatisfy(\.isWhitespace) ? "" : String(line.dropFirst(margin)) }
    }

    /// Whether a file has a block: its imports anywhere, and all else line for line, however deep.
    private static func has(_ file: [String], _ block: [String]) -> Bool {
        let imports = block.filter { $0.hasPrefix("import ") }
        guard imports.allSatisfy(file.contains) else { return false }
        var body = block.filter { !$0.hasPrefix("import ") }[...]
        while body.first?.allSatisfy(\.isWhitespace) == true { body = body.dropFirst() }
        guard !body.isEmpty, body.count <= file.count else { return false }
        let wanted = unindented(body)
        return (0...file.count - wanted.count).contains { start in
            file[start].contains(wanted[0]) && unindented(file[start..<start + wanted.count]) == wanted
        }
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test("Every block is in a file that is compiled")
    func blocks() throws {
        let snippets = try PackageTree.files.filter { $0.hasPrefix("Tests/DocumentTests/Snippets/") && $0.hasSuffix(".swift") }
            .map { Self.lines(try PackageTree.text($0)) }
        var count = 0
        for document in try Document.all() {
            for block in document.blocks where block.language == "swift" {
                count += 1
                #expect(
                    snippets.contains { Self.has($0, block.lines) },
                    "\(document.path), line \(block.line): no file of Tests/DocumentTests/Snippets has this block; put it there, to be compiled"
                )
            }
        }
        #expect(count > 10)
    }

    @Test("A block that differs is found")
    func finder() {
        let file = ["import LoRATrain", "func f() {", "    let a = 1", "", "    if a > 0 {", "        print(a)", "    }", "}"]
        #expect(Self.has(file, ["import LoRATrain", "", "let a = 1", "", "if a > 0 {", "    print(a)", "}"]))
        #expect(!Self.has(file, ["let a = 2"]))
        #expect(!Self.has(file, ["let a = 1", "if a > 0 {", "    print(a)", "}"]))
        #expect(!Self.has(file, ["if a > 0 {", "  print(a)", "}"]))
        #expect(!Self.has(file, ["import Data", "let a = 1"]))
    }
}
