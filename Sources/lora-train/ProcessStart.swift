import CProcess
import Foundation

/// What is put right before a command begins, so that nothing depends on how it was started.
enum ProcessStart {
    /// To be called first of all.
    static func prepare() {
        process_occupy_standard_files()
        process_reset_crash_handlers()
        // Writing beyond `ulimit -f` is an error then, as on a full disk.
        signal(SIGXFSZ, SIG_IGN)
        Interruption.endAtOnce()
    }

    /// The words behind the command's name.
    static var arguments: [String] {
        var count: Int32 = 0
        guard let words = process_arguments(&count), count > 0 else { return Array(CommandLine.arguments.dropFirst()) }
        return (1..<max(1, Int(count))).compactMap { words[$0].map { String(cString: $0) } }
    }

    /// Whether the folder that relative paths begin in is still there.
    static var hasWorkingFolder: Bool {
        guard let folder = getcwd(nil, 0) else { return false }
        free(folder)
        return true
    }
}
