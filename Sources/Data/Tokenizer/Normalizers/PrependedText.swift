/// Puts a text before each piece that is not empty.
struct PrependedText: NormalizerStage, Equatable {
    static let metaspace = PrependedText(Array("▁".utf8))

    private let prefix: [UInt8]

    init(_ prefix: [UInt8]) { self.prefix = prefix }

    var growth: Double { Double(prefix.count + 1) }

    func rewrite(_ text: UTF8Bytes, into result: inout RewrittenText) -> Bool {
        guard !text.isEmpty, !prefix.isEmpty else { return false }
        result.reserveCapacity(prefix.count + text.count)
        result.append(prefix, from: 0)
        result.keep(0..<text.count, of: text)
        return true
    }
}
