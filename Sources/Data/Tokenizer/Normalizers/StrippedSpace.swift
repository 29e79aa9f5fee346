/// Takes the white space off the ends of a text.
struct StrippedSpace: NormalizerStage {
    let left: Bool
    let right: Bool

    func rewrite(_ text: UTF8Bytes, into result: inout RewrittenText) -> Bool {
        let classes = CharacterClasses.shared
        var (start, end) = (0, text.count)
        while left, start < end {
            let (scalar, length) = text.scalar(at: start)
            guard classes[scalar].contains(.whitespace) else { break }
            start += length
        }
        while right, start < end {
            let last = text.startOfScalar(before: end)
            guard classes[text.scalar(at: last).value].contains(.whitespace) else { break }
            end = last
        }
        guard start > 0 || end < text.count else { return false }
        result.keep(start..<end, of: text)
        return true
    }
}
