import Tensor

/// One thing that the doctor looked at.
struct Finding: Sendable, Equatable {
    enum Level: String, Sendable {
        /// Neither well nor ill.
        case note
        case ok
        /// It works, and would be faster otherwise.
        case slow
        /// It does not work.
        case broken
    }

    let level: Level
    let name: String
    let value: String
    /// What to do, in one line.
    let advice: String?

    init(_ level: Level, _ name: String, _ value: String, advice: String? = nil) {
        self.level = level
        self.name = name
        self.value = value
        self.advice = advice
    }

    var json: JSON {
        ["level": .string(level.rawValue), "name": .string(name), "value": .string(value), "advice": advice.map(JSON.string) ?? .null]
    }
}

/// Looks at one side of the machine. What it looks at is handed to it, so that it can be asked of other machines too.
protocol Probe {
    var title: String { get }
    func findings() -> [Finding]
}
