import Foundation

ProcessClock.begin()
let arguments = Array(CommandLine.arguments.dropFirst())
do {
    try Commands.run(arguments)
} catch let error as CommandError {
    Console.shared.note("error: \(error)")
    exit(error.exitCode)
} catch {
    Console.shared.note("error: \(error)")
    exit(1)
}
