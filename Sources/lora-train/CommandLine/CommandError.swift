/// Why a command ends without having done its work: one line for a person, and the exit code.
struct CommandError: Error, CustomStringConvertible {
    /// 1 for something wrong with files, data or the run; 2 for a command line that makes no sense.
    let exitCode: Int32
    let description: String

    /// Whether a signal ended the command.
    var isInterruption: Bool { exitCode > 128 }

    static func failure(_ message: String) -> CommandError { CommandError(exitCode: 1, description: message) }
    static func usage(_ message: String) -> CommandError { CommandError(exitCode: 2, description: message) }
}
