import Foundation
import Tensor

/// What a metrics file tells of a run.
public struct RunHistory: Sendable {
    /// The metrics file.
    public let path: String
    /// `nil` where the file is of a version before runs described themselves, or has lost its first line.
    public private(set) var run: RunDescription?
    /// One a micro-batch, in their order.
    public private(set) var steps: [StepReport] = []
    /// In the order in which they were made.
    public private(set) var evaluations: [EvaluationReport] = []
    /// In the order in which they were given.
    public private(set) var answers: [AnswerReport] = []
    /// `nil` for a run that goes on, or that was killed.
    public private(set) var end: RunEnd?
    /// What could not be read, such as a last line that a killed process left half written; a sentence each.
    public private(set) var problems: [String] = []

    /// Reads what can be read.
    ///
    /// - Throws: `TensorFileError` where there is no such file, or a device in its place
    public init(path: String) throws(TensorFileError) {
        self.path = path
        let contents = try TensorFile.pages(of: path)
        var unreadable: [Int] = []
        var number = 0
        for bytes in contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard !bytes.isEmpty else { continue }
            guard let json = try? JSON(parsing: Array(bytes)) else {
                unreadable.append(number)
                continue
            }
            if let record = RunRecord(json) { append(record) } else { unreadable.append(number) }
        }
        let endsWhole = contents.isEmpty || contents.last == UInt8(ascii: "\n")
        if let last = unreadable.last, last == number, !endsWhole {
            problems.append("line \(last), the last, is cut off and left out")
            unreadable.removeLast()
        }
        if let first = unreadable.first {
            problems.append(
                unreadable.count == 1
                    ? "line \(first) is no record of a run and is left out"
                    : "\(unreadable.count) lines are no records of a run and are left out, the first of them line \(first)")
        }
    }

    /// Of records that come as a run goes.
    public init(path: String, _ records: some Sequence<RunRecord>) {
        self.path = path
        for record in records { append(record) }
    }

    private mutating func append(_ record: RunRecord) {
        switch record {
        case .start(let run): self.run = run
        case .step(let step): steps.append(step)
        case .evaluation(let evaluation): evaluations.append(evaluation)
        case .answers(let answers): self.answers.append(answers)
        case .end(let end): self.end = end
        }
    }
}
