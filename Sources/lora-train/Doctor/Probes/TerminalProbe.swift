/// What a run can show.
struct TerminalProbe: Probe {
    let title = "Terminal"
    let errors: Terminal
    let environment: [String: String]

    func findings() -> [Finding] {
        guard errors.isTerminal else {
            return [Finding(.note, "bar", "none: standard error is no terminal")]
        }
        guard errors.takesControl else {
            return [
                Finding(.note, "bar", "none: TERM is dumb", advice: "set TERM, such as TERM=xterm-256color, where the terminal can do more")
            ]
        }
        return [
            Finding(.ok, "bar", "\(errors.width.map { "\($0) columns" } ?? "a terminal that does not say its width")"),
            Finding(.note, "colours", errors.takesColour ? "yes" : "none, as NO_COLOR asks"),
        ]
    }
}
