/// A regular expression over the names of modules, as Python reads it in PEFT's `target_modules`, `rank_pattern` and
/// `alpha_pattern`.
///
/// All ways through the expression are followed at once (Thompson 1968), so no pattern of a file takes longer than
/// its length times the name's. What needs more than that (look-around, references back) is refused.
struct ModulePattern: Sendable {
    private var program: [Instruction] = []
    /// How many nodes the program was made of. An empty group adds no instruction to it, and takes time all the same.
    private var steps = 0

    private enum Instruction {
        case scalar(CharacterSet)
        case assertion(Assertion)
        case split(Int, Int)
        case jump(Int)
        case match
    }

    fileprivate enum Assertion { case start, end, wordEdge, noWordEdge }

    /// - Parameter isSuffix: whether it may begin behind any dot of a name, as in `rank_pattern`
    /// - Throws: ``AdapterFileError/configuration(_:)``
    init(_ pattern: String, isSuffix: Bool = false) throws(AdapterFileError) {
        var parser = Parser(pattern)
        var node = try parser.pattern()
        if isSuffix {
            let folders = Node.sequence([.repeated(.scalar(.anything), 0, nil), .scalar(CharacterSet("."))])
            node = .sequence([.repeated(folders, 0, 1), node])
        }
        try emit(node, pattern)
        program.append(.match)
    }

    /// Whether the whole of a name is what the pattern describes.
    func matches(_ name: String) -> Bool {
        let scalars = Array(name.unicodeScalars)
        var isActive = [Bool](repeating: false, count: program.count)
        var active: [Int] = []
        func follow(_ start: Int, at position: Int) {
            var waiting = [start]
            while let place = waiting.popLast() {
                guard !isActive[place] else { continue }
                isActive[place] = true
                switch program[place] {
                case .scalar, .match: active.append(place)
                case .jump(let target): waiting.append(target)
                case .split(let first, let second): waiting += [second, first]
                case .assertion(let assertion): if Self.holds(assertion, scalars, position) { waiting.append(place + 1) }
                }
            }
        }
        follow(0, at: 0)
        for (position, scalar) in scalars.enumerated() {
            let before = active
            if before.isEmpty { return false }
            active = []
            for place in isActive.indices { isActive[place] = false }
            for place in before {
                if case .scalar(let set) = program[place], set.contains(scalar) { follow(place + 1, at: position + 1) }
            }
        }
        return active.contains { if case .match = program[$0] { true } else { false } }
    }

    private static func holds(_ assertion: Assertion, _ scalars: [Unicode.Scalar], _ position: Int) -> Bool {
        func isWord(_ index: Int) -> Bool { scalars.indices.contains(index) && CharacterSet.word.contains(scalars[index]) }
        return switch assertion {
        case .start: position == 0
        case .end: position == scalars.count
        case .wordEdge: isWord(position - 1) != isWord(position)
        case .noWordEdge: isWord(position - 1) == isWord(position)
        }
    }

    private static let maximumProgram = 4096
    /// Many for each instruction, as groups stand in groups.
    private static let maximumSteps = 1 << 16

    private mutating func emit(_ node: Node, _ pattern: String) throws(AdapterFileError) {
        steps += 1
        guard program.count < Self.maximumProgram, steps <= Self.maximumSteps else {
            throw .configuration("the pattern '\(pattern.prefix(60))…' of adapter_config.json is too long")
        }
        switch node {
        case .scalar(let set): program.append(.scalar(set))
        case .assertion(let assertion): program.append(.assertion(assertion))
        case .sequence(let nodes): for node in nodes { try emit(node, pattern) }
        case .choice(let nodes):
            var ends: [Int] = []
            for node in nodes.dropLast() {
                let split = program.count
                program.append(.match)
                try emit(node, pattern)
                ends.append(program.count)
                program.append(.match)
                program[split] = .split(split + 1, program.count)
            }
            if let last = nodes.last { try emit(last, pattern) }
            for end in ends { program[end] = .jump(program.count) }
        case .repeated(let node, let least, let most):
            for _ in 0..<least { try emit(node, pattern) }
            guard let most else {
                let split = program.count
                program.append(.match)
                try emit(node, pattern)
                program.append(.jump(split))
                program[split] = .split(split + 1, program.count)
                return
            }
            var splits: [Int] = []
            for _ in least..<max(least, most) {
                splits.append(program.count)
                program.append(.match)
                try emit(node, pattern)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }
}

extension ModulePattern {
    fileprivate indirect enum Node {
        case scalar(CharacterSet)
        case assertion(Assertion)
        case sequence([Node])
        case choice([Node])
        case repeated(Node, Int, Int?)
    }

    fileprivate struct CharacterSet: Sendable {
        var ranges: [ClosedRange<UInt32>] = []
        var isInverted = false

        init(_ ranges: [ClosedRange<UInt32>], isInverted: Bool = false) {
            self.ranges = ranges
            self.isInverted = isInverted
        }

        init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

        /// All but a line's end.
        static let anything = CharacterSet([10...10], isInverted: true)
        static let digit = CharacterSet([48...57])
        static let word = CharacterSet([48...57, 65...90, 95...95, 97...122])
        static let space = CharacterSet([9...13, 32...32])

        func contains(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } != isInverted }

        var inverted: CharacterSet { CharacterSet(ranges, isInverted: !isInverted) }
    }

    fileprivate struct Parser {
        private let text: String
        private let scalars: [Unicode.Scalar]
        private var position = 0
        private var depth = 0

        init(_ text: String) {
            self.text = text
            scalars = Array(text.unicodeScalars)
        }

        private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

        private func error(_ reason: String) -> AdapterFileError {
            .configuration("the pattern '\(text.prefix(120))' of adapter_config.json \(reason)")
        }

        mutating func pattern() throws(AdapterFileError) -> Node {
            let node = try choice()
            guard next == nil else { throw error("has a ')' without a '('") }
            return node
        }

        private mutating func skip(_ word: String) -> Bool {
            let word = Array(word.unicodeScalars)
            guard scalars[position...].starts(with: word) else { return false }
            position += word.count
            return true
        }

        private mutating func choice() throws(AdapterFileError) -> Node {
            depth += 1
            defer { depth -= 1 }
            guard depth <= 64 else { throw error("is nested too deeply") }
            var choices = [try sequence()]
            while skip("|") { choices.append(try sequence()) }
            return choices.count == 1 ? choices[0] : .choice(choices)
        }

        private mutating func sequence() throws(AdapterFileError) -> Node {
            var nodes: [Node] = []
            while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try repetition(of: try atom())) }
            return .sequence(nodes)
        }

        private mutating func repetition(of node: Node) throws(AdapterFileError) -> Node {
            var bounds: (Int, Int?)?
            if skip("*") {
                bounds = (0, nil)
            } else if skip("+") {
                bounds = (1, nil)
            } else if skip("?") {
                bounds = (0, 1)
            } else {
                bounds = try braces()
            }
            guard let (least, most) = bounds else { return node }
            // Which way is tried first does not change what matches as a whole.
            if !skip("?"), next == "+" || next == "*" { throw error("has one repetition behind another") }
            return .repeated(node, least, most)
        }

        /// `{2}`, `{2,}`, `{,3}`, `{2,3}`; anything else in braces stands for itself.
        private mutating func braces() throws(AdapterFileError) -> (Int, Int?)? {
            let start = position
            guard skip("{") else { return nil }
            let least = number()
            let hasComma = skip(",")
            let most = hasComma ? number() : least
            guard skip("}"), least != nil || hasComma else {
                position = start
                return nil
            }
            guard least ?? 0 <= 1000, most ?? 0 <= 1000, most.map({ $0 >= least ?? 0 }) ?? true else { throw error("repeats too often") }
            return (least ?? 0, most)
        }

        private mutating func number() -> Int? {
            let start = position
            while let scalar = next, CharacterSet.digit.contains(scalar) { position += 1 }
            var digits = ""
            digits.unicodeScalars.append(contentsOf: scalars[start..<position])
            return digits.isEmpty ? nil : Int(digits) ?? .max
        }

        private mutating func atom() throws(AdapterFileError) -> Node {
            guard let scalar = next else { throw error("ends too early") }
            position += 1
            switch scalar {
            case ".": return .scalar(.anything)
            case "^": return .assertion(.start)
            case "$": return .assertion(.end)
            case "[": return .scalar(try set())
            case "\\": return try escape()
            case "*", "+", "?": throw error("repeats nothing")
            case "(":
                if skip("?") {
                    if skip("P<") {
                        while let scalar = next, scalar != ">" { position += 1 }
                        guard skip(">") else { throw error("ends too early") }
                    } else if !skip(":") {
                        throw error("looks around or sets options, which is not read here; name the modules in a list")
                    }
                }
                let node = try choice()
                guard skip(")") else { throw error("has a '(' without a ')'") }
                return node
            default: return .scalar(CharacterSet(scalar))
            }
        }

        private mutating func escape() throws(AdapterFileError) -> Node {
            switch next {
            case "b":
                position += 1
                return .assertion(.wordEdge)
            case "B":
                position += 1
                return .assertion(.noWordEdge)
            case "A":
                position += 1
                return .assertion(.start)
            case "Z":
                position += 1
                return .assertion(.end)
            default: return .scalar(try escapedSet())
            }
        }

        private mutating func escapedSet() throws(AdapterFileError) -> CharacterSet {
            guard let scalar = next else { throw error("ends too early") }
            position += 1
            switch scalar {
            case "d": return .digit
            case "D": return CharacterSet.digit.inverted
            case "w": return .word
            case "W": return CharacterSet.word.inverted
            case "s": return .space
            case "S": return CharacterSet.space.inverted
            case "0"..."9", "a"..."z", "A"..."Z": throw error("has '\\\(scalar)', which is not read here; name the modules in a list")
            default: return CharacterSet(scalar)
            }
        }

        private mutating func set() throws(AdapterFileError) -> CharacterSet {
            let isInverted = skip("^")
            var ranges: [ClosedRange<UInt32>] = []
            var isFirst = true
            while true {
                guard let scalar = next else { throw error("has a '[' without a ']'") }
                position += 1
                if scalar == "]", !isFirst { return CharacterSet(ranges, isInverted: isInverted) }
                isFirst = false
                if scalar == "\\" {
                    let set = try escapedSet()
                    guard !set.isInverted else { throw error("has a class in a class, which is not read here; name the modules in a list") }
                    ranges += set.ranges
                } else if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                    let last = scalars[position + 1]
                    guard last != "\\", last >= scalar else { throw error("has a range that ends before it begins") }
                    position += 2
                    ranges.append(scalar.value...last.value)
                } else {
                    ranges.append(scalar.value...scalar.value)
                }
            }
        }
    }
}
