import Foundation

/// Where a result goes.
enum OutputPath {
    /// Refuses a place that is one of the inputs: it would be lost, or read while it is replaced.
    ///
    /// - Throws: ``CommandError`` with exit code 2
    static func check(_ output: String, flag: String, against inputs: [String?]) throws(CommandError) {
        guard !output.isEmpty else { throw .usage("\(flag) is empty; it says where the result goes") }
        for case let input? in inputs where areSame(output, input) {
            throw .usage("\(flag) '\(output)' is the input \(input); name another place")
        }
    }

    /// Whether both lead to one and the same thing that is there.
    static func areSame(_ one: String, _ other: String) -> Bool { resolved(one).map { $0 == resolved(other) } ?? false }

    /// The path without links; `nil` where nothing is there.
    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
