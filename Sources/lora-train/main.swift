import Foundation

ProcessClock.begin()
ProcessStart.prepare()

/// Ends the process after an error.
func end(_ error: any Error, _ code: Int32) -> Never {
    let hint = ProcessStart.hasWorkingFolder ? "" : "; the working folder cannot be found: change to one that is there"
    Console.shared.note("error: \(error)\(hint)")
    // A launcher ends all processes once one has failed: the one that speaks must come to it.
    if Console.shared.isSilent { Thread.sleep(forTimeInterval: 0.5) }
    exit(code)
}

do {
    try Commands.run(ProcessStart.arguments)
} catch let error as CommandError {
    end(error, error.exitCode)
} catch {
    end(error, 1)
}
