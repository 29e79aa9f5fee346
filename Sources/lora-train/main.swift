import Foundation

ProcessClock.begin()
ProcessStart.prepare()

/// Ends the process after an error.
func end(_ error: any Error, _ code: Int32) -> Never {
    Console.shared.note("error: \(error)")
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
