import Foundation
import TestSupport
import Testing

@Suite("What the documents point at is there")
struct LinkTests {
    /// What is wrong with a document's links.
    private static func brokenLinks(_ document: Document, _ others: [Document]) -> [String] {
        let folder = document.path.split(separator: "/").dropLast().map(String.init)
        return document.links.filter { link in
            if link.contains("://") || link.hasPrefix("mailto:") { return false }
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var place = folder
            for part in parts[0].split(separator: "/") where part != "." {
                guard part == ".." else {
                    place.append(String(part))
                    continue
                }
                // Beyond the root nothing is the package's.
                if place.popLast() == nil { return true }
            }
            let path = parts[0].isEmpty ? document.path : place.joined(separator: "/")
            guard path == document.path || PackageTree.has(path) else { return true }
            guard parts.count == 2 else { return false }
            let target = ([document] + others).first { $0.path == path }
            return target.map { !$0.anchors.contains(parts[1]) } ?? true
        }
    }

    /// The folders whose names begin a path from the root.
    private static let topFolders = ["Sources", "Tests", "Docs", "Examples", "Benchmarks", "Scripts"]

    /// Whether a piece of code is the path of a file of the package: from the root, or of a kind that is a source, without
    /// signs that stand for something else.
    private static func isSourcePath(_ text: String) -> Bool {
        guard text.allSatisfy({ $0.isLetter || $0.isNumber || "/._-+".contains($0) }) else { return false }
        if topFolders.contains(where: { text.hasPrefix($0 + "/") }) { return true }
        let kind = text.split(separator: ".").last.map(String.init) ?? ""
        let name = text.split(separator: "/").last ?? ""
        guard name.first != ".", name.contains(".") else { return false }
        return ["swift", "c", "h"].contains(kind) || text.contains("/") && !text.hasPrefix("/") && ["py", "sh", "md", "svg"].contains(kind)
    }

    /// The paths that a document names and the package does not have.
    private static func missingPaths(_ document: Document) -> [String] {
        let spans = document.codeSpans.filter(isSourcePath)
        let words = document.blocks.filter { ["sh", "console"].contains($0.language) }.flatMap(\.lines)
            .flatMap { $0.split { " '\"=()".contains($0) } }.map(String.init)
            .filter { word in topFolders.contains { word.hasPrefix($0 + "/") } && isSourcePath(word) }
        return (spans + words).filter { !PackageTree.has($0) && !PackageTree.hasEnding($0) }
    }

    @Test("Links, and the anchors behind them")
    func links() throws {
        let documents = try Document.all()
        #expect(documents.contains { $0.path == "README.md" && $0.links.count > 10 })
        for document in documents {
            let broken = Self.brokenLinks(document, documents)
            #expect(broken.isEmpty, "\(document.path): \(broken.joined(separator: ", "))")
        }
    }

    @Test("Paths of sources")
    func paths() throws {
        for document in try Document.all() where document.path != "CHANGELOG.md" {
            let missing = Self.missingPaths(document)
            #expect(missing.isEmpty, "\(document.path): \(missing.joined(separator: ", "))")
        }
    }

    @Test("Every document is reached from the README")
    func reached() throws {
        let documents = try Document.all()
        let readme = try #require(documents.first { $0.path == "README.md" })
        for document in documents where document.path.hasPrefix("Docs/") || !document.path.contains("/") && document.path.hasPrefix("C") {
            #expect(readme.links.contains { $0.split(separator: "#").first.map(String.init) == document.path }, "\(document.path)")
        }
    }

    @Test("A document that points at nothing is found")
    func finder() {
        let text = """
            ## A heading, with `code`
            [a](Sources/Tensor) [b](Sources/Nowhere) [c](#a-heading-with-code) [d](#nothing) [e](README.md#nothing)
            ![f](Docs/nothing.svg) [g](../outside) [h](https://example.org/x)
            `Core/Tensor.swift`, `Core/Nothing.swift`, `Nothing.swift`, `config.json`, `Docs/nothing.txt`, `…Options.swift`
            ```sh
            ls Examples/tiny Examples/nothing
            ```
            """
        let document = Document(path: "X.md", text: text)
        let readme = Document(path: "README.md", text: "# lora-train")
        #expect(
            Self.brokenLinks(document, [readme]) == ["Sources/Nowhere", "#nothing", "README.md#nothing", "Docs/nothing.svg", "../outside"])
        #expect(Self.missingPaths(document) == ["Core/Nothing.swift", "Nothing.swift", "Docs/nothing.txt", "Examples/nothing"])
    }
}
