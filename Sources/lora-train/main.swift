import Foundation

ProcessClock.begin()
let arguments = Array(CommandLine.arguments.dropFirst())

/// Ends the process after an error.
func end(_ code: Int32) -> Never {
    // A launcher ends all processes once one has failed: the one that speaks must come to it.
    if Console.shared.isSilent { Thread.sleep(forTimeInterval: 0.5) }
    exit(code)
}

do {
    try Commands.run(arguments)
} catch let error as CommandError {
    Console.shared.note("error: \(error)")
    end(error.exitCode)
} catch {
    Console.shared.note("error: \(error)")
    end(1)
}
