import Foundation

/// Where a result goes.
enum OutputPath {
    /// Refuses a place that is one of the inputs: it would be lost, or read while it is replaced.
    ///
    /// - Throws: ``CommandError`` with exit code 2
    static func check(_ output: String, flag: String, against inputs: [String?]) throws(CommandError) {
        guard !output.isEmpty else { throw .usage("\(flag) is empty; it says where the result goes") }
        guard let place = resolved(output) else { return }
        for case let input? in inputs where resolved(input) == place {
            throw .usage("\(flag) '\(output)' is the input \(input); name another place")
        }
    }

    /// The path without links; `nil` where nothing is there.
    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
