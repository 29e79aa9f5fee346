/// `Strip`: takes a character away from both ends of a text, at most so many times from each.
///
/// The library stops the program where nothing is left of a text to look at; here it ends empty.
struct StripStep: TextStep {
    private let character: [UInt8]
    private let start: Int
    private let stop: Int
    /// How many more the start may lose; 0 once another character came.
    private var left: Int
    /// How many at the end of what came may be taken away.
    private var trailing = 0

    init(_ field: JSONField) throws(TokenizerError) {
        let content = try field["content"].string()
        guard content.unicodeScalars.count == 1 else { throw field["content"].malformed("is not one character") }
        func count(_ key: String) throws(TokenizerError) -> Int {
            guard let count = field[key].value?.integer, count >= 0 else { throw field[key].malformed("is not a count") }
            return count
        }
        character = Array(content.utf8)
        start = try count("start")
        stop = try count("stop")
        left = start
    }

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        guard left > 0 || stop > 0 else {
            output += part
            return
        }
        var index = 0
        while index < part.count {
            let end = min(index + part[index].scalarLength, part.count)
            let isStripped = part[index..<end].elementsEqual(character)
            if isStripped, left > 0 {
                left -= 1
            } else if isStripped, stop > 0 {
                left = 0
                if trailing == stop { output += character } else { trailing += 1 }
            } else {
                left = 0
                giveTrailing(to: &output)
                output += part[index..<end]
            }
            index = end
        }
    }

    mutating func finish(to output: inout [UInt8]) {
        trailing = 0
        left = start
    }

    private mutating func giveTrailing(to output: inout [UInt8]) {
        for _ in 0..<trailing { output += character }
        trailing = 0
    }
}
