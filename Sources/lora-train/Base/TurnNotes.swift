import Data

/// What a person should know of turns from which nothing is learnt.
extension TurnCounts {
    /// Lines that say how many answers should count and do not, and why; none where all is well.
    ///
    /// - Parameters:
    ///   - maximumLength: the length at which samples are cut
    ///   - places: where some of them stand, such as "data.jsonl, line 3, 7"; empty where that is not known
    func notes(maximumLength: Int, places: String) -> [String] {
        let place = places.isEmpty ? "" : " (\(places))"
        var notes: [String] = []
        if lost > 0 {
            let reasons = [
                self[.cut] > 0 ? "\(self[.cut]) cut away at --max_seq_len \(maximumLength)" : nil,
                self[.notRendered] > 0 ? "\(self[.notRendered]) not written by the chat template" : nil,
            ].compactMap { $0 }
            notes.append(
                "\(lost) of \(self[.assistant]) answers have no token that counts: \(reasons.joined(separator: ", "))\(place)")
        }
        if lackingCalls > 0 {
            notes.append(
                "\(lackingCalls) \(lackingCalls == 1 ? "answer calls" : "answers call") functions, and the chat template does not write the calls, "
                    + "so they are not learnt\(place); use a template with tools (--chat_template)")
        }
        return notes
    }

    /// Why nothing counts in any sample, and the way out.
    func reasonForNothing(maximumLength: Int) -> String {
        if self[.assistant] == 0 { return "there is no turn of the assistant in it; every conversation needs an answer to learn" }
        if self[.excluded] == self[.assistant] { return "every answer has weight 0, so nothing is learnt" }
        if self[.notLast] > 0, self[.cut] + self[.notRendered] == 0 {
            return "the last answers have weight 0, and --loss_on last counts no others"
        }
        if self[.cut] == self[.assistant] { return "every answer is cut away at \(maximumLength) tokens; raise --max_seq_len" }
        if self[.notRendered] < self[.assistant] {
            return
                "\(self[.cut]) of \(self[.assistant]) answers are cut away at --max_seq_len \(maximumLength), \(self[.excluded]) have weight 0, "
                + "\(self[.notLast]) are not the last, \(self[.notRendered]) are not written by the chat template"
        }
        return "the chat template writes none of the answers; give another with --chat_template"
    }

    /// A table: turns by speaker, how many count, and why others do not.
    ///
    /// - Parameter maximumLength: the length at which samples are cut
    func table(maximumLength: Int, target: LossTarget) -> [String] {
        var rows = [["turns of", "all", "counted", "not counted"]]
        for speaker in Speaker.allCases where self[speaker] > 0 {
            guard speaker == .assistant else {
                let count = "\(self[speaker])"
                rows.append(
                    target == .all
                        ? ["\(speaker)", count, "—", "what is not cut away counts"]
                        : ["\(speaker)", count, "—", count + " not the assistant's"])
                continue
            }
            let reasons = [
                (self[.excluded], "of weight 0"), (self[.notLast], "not the last answer"),
                (self[.cut], "cut away at \(maximumLength)"), (self[.notRendered], "not written by the template"),
            ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            rows.append(
                ["\(speaker)", "\(self[speaker])", "\(self[.counted])", reasons.isEmpty ? "—" : reasons.joined(separator: ", ")])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
            return cells.joined(separator: "  ").trimmingSuffix(" ")
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        var text = self
        while text.last == character { text.removeLast() }
        return text
    }
}
