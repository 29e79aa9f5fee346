extension FlagSet {
    /// The flags as a table of aligned columns, wrapped to `width`.
    func help(_ defaults: Options, width: Int) -> String {
        let names = flags.map { "--\($0.name)" }
        let column = (names.map(\.count).max() ?? 0) + 2
        var lines: [String] = []
        var section = ""
        for (flag, name) in zip(flags, names) {
            if flag.section != section {
                section = flag.section
                lines += ["", section]
            }
            let text = "\(flag.help) [\(flag.type), \(flag.defaultValue(defaults))]"
            for (index, part) in wrap(text, to: max(24, width - column - 2)).enumerated() {
                let left = index == 0 ? name : ""
                lines.append("  " + left + String(repeating: " ", count: column - left.count) + part)
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The flags as a Markdown table.
    func markdown(_ defaults: Options) -> String {
        (["| Flag | Default | Type | Meaning |", "| --- | --- | --- | --- |"]
            + flags.map { "| `--\($0.name)` | `\($0.defaultValue(defaults))` | \($0.type) | \($0.help) |" })
            .joined(separator: "\n")
    }

    private func wrap(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + [line]
    }
}
