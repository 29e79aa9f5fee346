/// A Markdown file, as far as it can be checked.
struct Document {
    /// From the root of the package.
    let path: String
    /// Fenced blocks.
    private(set) var blocks: [Block] = []
    /// What stands outside of fenced blocks.
    private(set) var prose = ""
    /// What links may point at, by GitHub's rule.
    private(set) var anchors: Set<String> = []

    struct Block {
        /// The word behind the fence.
        let language: String
        /// Of the file, counted from 1.
        let line: Int
        var lines: [String] = []
    }

    /// Every document that is written by hand or by a template; the templates' links are those of what they become.
    static func all() throws -> [Document] {
        try PackageTree.files.filter { $0.hasSuffix(".md") && !$0.hasSuffix(".template.md") }
            .map { Document(path: $0, text: try PackageTree.text($0)) }
    }

    init(path: String, text: String) {
        self.path = path
        var block: Block?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated() {
            let isFence = line.drop { $0 == " " }.hasPrefix("```")
            if let open = block, isFence {
                blocks.append(open)
                block = nil
            } else if isFence {
                block = Block(language: line.drop { $0 == " " || $0 == "`" }.prefix { !$0.isWhitespace }.description, line: index + 1)
            } else if block != nil {
                block?.lines.append(line)
            } else {
                prose += line + "\n"
                if let heading = line.wholeMatch(of: /#{1,6} +(.+?) *#*/) { addAnchor(String(heading.1)) }
            }
        }
    }

    /// Lower case, without signs, with hyphens for blanks; a number behind those that stand there already.
    private mutating func addAnchor(_ heading: String) {
        let text = heading.replacing(/\[([^\]]*)\]\([^)]*\)/) { $0.1 }
        let kept = text.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
        let anchor = kept.replacing(" ", with: "-")
        var name = anchor
        var count = 0
        while anchors.contains(name) {
            count += 1
            name = "\(anchor)-\(count)"
        }
        anchors.insert(name)
    }

    /// What stands between backticks.
    var codeSpans: [String] { prose.matches(of: /`([^`\n]+)`/).map { String($0.1) } }

    /// The targets of links and pictures.
    var links: [String] {
        let text = prose.replacing(/`[^`\n]+`/, with: "code")
        return text.matches(of: /\]\(([^)\s]+)(?:\s+"[^"]*")?\)/).map { String($0.1) }
            + text.matches(of: /(?:src|srcset|href)="([^"]+)"/).map { String($0.1) }
    }
}
