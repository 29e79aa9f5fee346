/// Takes combining marks out, those with a width of their own as well.
struct StrippedMarks: ScalarStage {
    private let classes = NormalizerClasses.shared

    @inline(__always)
    func keeps(_ scalar: UInt32) -> Bool { scalar < 0x300 || !classes[scalar].contains(.mark) }

    @inline(__always)
    func rewrite(_ scalar: UInt32, _ range: Range<Int>, of text: UTF8Bytes, into result: inout RewrittenText) {}
}
