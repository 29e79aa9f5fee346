import Foundation

/// What the command line asks for.
struct Options {
    var formats: [FuzzFormat] = []
    var count = 100_000
    var seed: UInt64 = 1
    var from = 0
    var workers = 2
    /// Seconds without an input done after which a worker is said to hang.
    var patience = 10.0
    var corpus = Corpus.folder
    /// Where inputs that made a reader fail are kept.
    var failures = ".build/fuzz"
    /// One input alone.
    var only: Int?
    /// Where that input is written instead of read.
    var write: String?
    /// A file that is read instead of mutations.
    var file: String?
    /// How many kinds of refusal are listed.
    var kinds = 0
    /// Where tiny models are written for the corpus.
    var models: String?
    /// What a reader does wrong at the first input, to see that it is seen: `trap`, `hang`, `memory` or `error`.
    var rehearsal: String?
    /// Of a process that reads: which inputs, and where it says how it goes.
    var worker: (numbers: Range<Int>, state: String, scratch: String)?

    static let usage = """
        usage: fuzz [FORMAT ...] [--count N] [--seed S] [--from I] [--workers N] [--patience SECONDS] [--failures FOLDER] [--kinds N]
               fuzz FORMAT --seed S --only I [--write PATH]
               fuzz FORMAT --file PATH
               fuzz FORMAT --rehearse trap|hang|memory|error
               fuzz --models FOLDER
        formats: \(FuzzFormat.allCases.map(\.rawValue).joined(separator: " ")); all of them where none is named
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func value(of flag: String) throws -> String {
            guard let value = rest.popFirst() else { throw FuzzFailure("\(flag) needs a value\n\(Self.usage)") }
            return value
        }
        func number<Number: LosslessStringConvertible>(of flag: String) throws -> Number {
            let text = try value(of: flag)
            guard let number = Number(text) else { throw FuzzFailure("\(flag) \(text) is no number\n\(Self.usage)") }
            return number
        }
        while let word = rest.popFirst() {
            switch word {
            case "--count": count = try number(of: word)
            case "--seed": seed = try number(of: word)
            case "--from": from = try number(of: word)
            case "--workers": workers = try number(of: word)
            case "--patience": patience = try number(of: word)
            case "--corpus": corpus = try value(of: word)
            case "--failures": failures = try value(of: word)
            case "--only": only = try number(of: word)
            case "--write": write = try value(of: word)
            case "--file": file = try value(of: word)
            case "--kinds": kinds = try number(of: word)
            case "--models": models = try value(of: word)
            case "--rehearse": rehearsal = try value(of: word)
            case "--worker":
                let (first, end): (Int, Int) = (try number(of: word), try number(of: word))
                guard first <= end else { throw FuzzFailure(Self.usage) }
                worker = (first..<end, try value(of: word), try value(of: word))
            case "all": formats += FuzzFormat.allCases
            default:
                guard let format = FuzzFormat(rawValue: word) else { throw FuzzFailure("'\(word)' is no format\n\(Self.usage)") }
                formats.append(format)
            }
        }
        if formats.isEmpty { formats = FuzzFormat.allCases }
        guard count >= 0, from >= 0, workers > 0, only.map({ $0 >= 0 }) ?? true else { throw FuzzFailure(Self.usage) }
    }
}
