/// One flag of a command: how it is written, what it means, and where its value goes.
struct Flag<Options> {
    /// Without dashes, words joined by underscores, as the published script has it.
    let name: String
    /// The type as the published table names it: str, int, float or bool.
    let type: String
    let help: String
    let section: String
    /// The value that options without the flag have, as help shows it.
    let defaultValue: (Options) -> String
    /// Reads a value's text into the options; returns what was expected where the text is wrong.
    let set: (_ text: String, _ options: inout Options) -> String?
    /// Whether the flag can stand without a value, meaning true.
    var isBoolean: Bool { type == "bool" }
}

/// The flags of a command, each declared once: parsing, help and the README's table come of them.
struct FlagSet<Options> {
    private(set) var flags: [Flag<Options>] = []
    /// What stands without a flag, in its order, such as the file to look at. The last may take any number of words.
    private(set) var operands: [(name: String, isRepeated: Bool, add: (_ word: String, _ options: inout Options) -> Void)] = []
    private var section = ""
    /// Where the options keep the names of the flags that were given; `nil` where they do not.
    var givenNames: WritableKeyPath<Options, Set<String>>?

    /// A word without a flag.
    mutating func operand(_ name: String, _ path: WritableKeyPath<Options, String?>) {
        operands.append((name, false, { $1[keyPath: path] = $0 }))
    }

    /// All words without a flag that follow.
    mutating func operands(_ name: String, _ path: WritableKeyPath<Options, [String]>) {
        operands.append((name, true, { $1[keyPath: path].append($0) }))
    }

    mutating func section(_ title: String) { section = title }

    mutating func text(_ name: String, _ path: WritableKeyPath<Options, String>, _ help: String) {
        add(name, "str", help, { "'\($0[keyPath: path])'" }) { text, options in
            options[keyPath: path] = text
            return nil
        }
    }

    mutating func text(_ name: String, _ path: WritableKeyPath<Options, String?>, _ help: String) {
        add(name, "str", help, { $0[keyPath: path].map { "'\($0)'" } ?? "—" }) { text, options in
            options[keyPath: path] = text
            return nil
        }
    }

    /// A text that is the path of a file or folder, or a name that is looked for as one. It is never empty, as a variable of
    /// the shell is that nobody has set: with an empty output folder, results would go to the root of the file system.
    mutating func filePath(_ name: String, _ path: WritableKeyPath<Options, String>, _ help: String) {
        text(name, path, help)
        refuseEmpty()
    }

    mutating func filePath(_ name: String, _ path: WritableKeyPath<Options, String?>, _ help: String) {
        text(name, path, help)
        refuseEmpty()
    }

    /// Has the last flag take no empty text.
    private mutating func refuseEmpty() {
        let flag = flags.removeLast()
        flags.append(
            Flag(name: flag.name, type: flag.type, help: flag.help, section: flag.section, defaultValue: flag.defaultValue) {
                $0.isEmpty ? "the name of a file or folder" : flag.set($0, &$1)
            })
    }

    /// A whole number.
    ///
    /// - Parameter most: 2³¹ - 1 where nothing else is said, more than there is of anything that flags count. Two such
    ///   numbers can be multiplied; of three the product may be beyond all bounds
    mutating func integer(
        _ name: String, _ path: WritableKeyPath<Options, Int>, atLeast least: Int, atMost most: Int = Int(Int32.max), _ help: String
    ) {
        add(name, "int", help, { String($0[keyPath: path]) }) { text, options in
            Self.take(text, in: least...most) { options[keyPath: path] = $0 }
        }
    }

    /// A whole number that something else says where the flag is left out; bounded like the others.
    mutating func integer(
        _ name: String, _ path: WritableKeyPath<Options, Int?>, atLeast least: Int, atMost most: Int = Int(Int32.max),
        default text: String, _ help: String
    ) {
        add(name, "int", help, { $0[keyPath: path].map(String.init) ?? text }) { text, options in
            Self.take(text, in: least...most) { options[keyPath: path] = $0 }
        }
    }

    /// - Returns: what the text must be, where it is not
    private static func take(_ text: String, in range: ClosedRange<Int>, _ store: (Int) -> Void) -> String? {
        guard let value = Int(text), range.contains(value) else {
            return "a whole number from \(range.lowerBound) to \(range.upperBound)"
        }
        store(value)
        return nil
    }

    mutating func number(
        _ name: String, _ path: WritableKeyPath<Options, Double>, in range: ClosedRange<Double>, _ expected: String,
        _ help: String
    ) {
        add(name, "float", help, { Self.short($0[keyPath: path]) }) { text, options in
            guard let value = Double(text), value.isFinite, range.contains(value) else { return expected }
            options[keyPath: path] = value
            return nil
        }
    }

    mutating func bool(_ name: String, _ path: WritableKeyPath<Options, Bool>, _ help: String) {
        add(name, "bool", help, { $0[keyPath: path] ? "True" : "False" }) { text, options in
            guard let value = Self.truth(text) else { return "True or False" }
            options[keyPath: path] = value
            return nil
        }
    }

    /// A truth that something else says where the flag is left out.
    mutating func bool(_ name: String, _ path: WritableKeyPath<Options, Bool?>, default text: String, _ help: String) {
        add(name, "bool", help, { $0[keyPath: path].map { $0 ? "True" : "False" } ?? text }) { text, options in
            guard let value = Self.truth(text) else { return "True or False" }
            options[keyPath: path] = value
            return nil
        }
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _ path: WritableKeyPath<Options, Choice>, _ help: String
    ) where Choice.RawValue == String {
        add(name, "str", help, { "'\($0[keyPath: path].rawValue)'" }) { text, options in
            guard let value = Choice(rawValue: text) else {
                return "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", ")
            }
            options[keyPath: path] = value
            return nil
        }
    }

    /// A value of a kind of its own.
    ///
    /// - Parameters:
    ///   - type: its name in tables
    ///   - expected: what a text must be that `read` does not take
    ///   - words: how help and recipes show a value
    mutating func value<Value>(
        _ name: String, _ type: String, _ path: WritableKeyPath<Options, Value>, expected: String, words: @escaping (Value) -> String,
        read: @escaping (String) -> Value?, _ help: String
    ) {
        add(name, type, help, { words($0[keyPath: path]) }) { text, options in
            guard let value = read(text) else { return expected }
            options[keyPath: path] = value
            return nil
        }
    }

    private mutating func add(
        _ name: String, _ type: String, _ help: String, _ defaultValue: @escaping (Options) -> String,
        _ set: @escaping (String, inout Options) -> String?
    ) {
        flags.append(Flag(name: name, type: type, help: help, section: section, defaultValue: defaultValue, set: set))
    }

    /// The truth that a word means.
    static func truth(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "yes": true
        case "false", "0", "no": false
        default: nil
        }
    }

    /// 5e-5 rather than 5e-05, 1.0 rather than 1.
    private static func short(_ value: Double) -> String {
        "\(value)".replacing("e-0", with: "e-")
    }
}
