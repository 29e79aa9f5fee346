import Tensor

/// What the doctor found, by what it is about.
struct DoctorReport {
    let sections: [(title: String, findings: [Finding])]

    init(_ probes: [any Probe]) { sections = probes.map { ($0.title, $0.findings()) } }

    private var findings: [Finding] { sections.flatMap(\.findings) }

    /// The names of what does not work.
    var broken: [String] { findings.filter { $0.level == .broken }.map(\.name) }
    private var slow: [String] { findings.filter { $0.level == .slow }.map(\.name) }

    /// Sections of aligned lines, advice below what it is about.
    func table(isColoured: Bool) -> String {
        let column = (findings.map(\.name.count).max() ?? 0) + 2
        var lines: [String] = []
        for section in sections {
            lines += lines.isEmpty ? [] : [""]
            lines.append(StyledText(section.title, .bold).rendered(isColoured: isColoured))
            for finding in section.findings {
                let name = finding.name.padding(toLength: column, withPad: " ", startingAt: 0)
                lines.append("  \(Self.mark(finding.level).rendered(isColoured: isColoured)) \(name)\(finding.value)")
                if let advice = finding.advice { lines.append(String(repeating: " ", count: 4 + column) + "→ \(advice)") }
            }
        }
        return (lines + ["", summary]).joined(separator: "\n")
    }

    private static func mark(_ level: Finding.Level) -> StyledText {
        switch level {
        case .note: " "
        case .ok: StyledText("✓", .green)
        case .slow: StyledText("!", .yellow)
        case .broken: StyledText("✗", .red)
        }
    }

    private var summary: String {
        if broken.isEmpty, slow.isEmpty { return "All is well." }
        return [
            broken.isEmpty ? nil : "Broken: \(broken.joined(separator: ", ")).",
            slow.isEmpty ? nil : "Slow: \(slow.joined(separator: ", ")).",
        ]
        .compactMap { $0 }.joined(separator: " ")
    }

    var json: JSON {
        [
            "ok": .bool(broken.isEmpty), "broken": .array(broken.map(JSON.string)), "slow": .array(slow.map(JSON.string)),
            "sections": .array(
                sections.map { ["title": .string($0.title), "findings": .array($0.findings.map(\.json))] }),
        ]
    }
}
