/// Replaces each occurrence of a text, which is not empty, by another.
///
/// What may become an occurrence is kept back as a count only, for the bytes are the pattern's own. The search is the one of
/// Knuth, Morris and Pratt, so that no pattern makes it slow.
struct LiteralReplacement: TextStep {
    private let pattern: [UInt8]
    private let content: [UInt8]
    /// For each count of matched bytes less one, how many stay matched where the next byte does not go on.
    private let fallbacks: [Int]
    /// How many bytes of the pattern the last ones are.
    private var matched = 0

    init(_ pattern: [UInt8], with content: [UInt8]) {
        self.pattern = pattern
        self.content = content
        var fallbacks = [Int](repeating: 0, count: pattern.count)
        var length = 0
        for index in pattern.indices.dropFirst() {
            while length > 0, pattern[index] != pattern[length] { length = fallbacks[length - 1] }
            if pattern[index] == pattern[length] { length += 1 }
            fallbacks[index] = length
        }
        self.fallbacks = fallbacks
    }

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        for byte in part {
            while matched > 0, pattern[matched] != byte {
                let kept = fallbacks[matched - 1]
                output += pattern[..<(matched - kept)]
                matched = kept
            }
            guard pattern[matched] == byte else {
                output.append(byte)
                continue
            }
            matched += 1
            if matched == pattern.count {
                output += content
                matched = 0
            }
        }
    }

    mutating func finish(to output: inout [UInt8]) {
        output += pattern[..<matched]
        matched = 0
    }
}

/// Puts a text before each character and at the end: what replacing an empty text comes to.
struct Insertion: TextStep {
    let content: [UInt8]
    /// Whether it also stands in a text that is empty.
    let fillsEmpty: Bool
    private var isEmpty = true

    init(_ content: [UInt8], fillsEmpty: Bool) {
        self.content = content
        self.fillsEmpty = fillsEmpty
    }

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        for byte in part {
            if byte & 0xC0 != 0x80 { output += content }
            output.append(byte)
            isEmpty = false
        }
    }

    mutating func finish(to output: inout [UInt8]) {
        if !isEmpty || fillsEmpty { output += content }
        isEmpty = true
    }
}
