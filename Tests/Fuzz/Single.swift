import Foundation

/// One input in this very process, as a debugger likes it.
enum Single {
    static func read(_ format: FuzzFormat, _ options: Options, _ number: Int, _ input: [UInt8]) throws -> Never {
        let folder = "\(Scratch.root)/fuzz-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Worker.run(format, options, number..<number + 1, input: input, state: "\(folder)/state", scratch: "\(folder)/files") { state in
            if let state {
                say(
                    "\(state.accepted == 1 ? "accepted" : "refused"), \(state.slowestNanoseconds / 1000) µs, memory \(state.peakBytes >> 20) MiB"
                )
                for (kind, count) in state.kinds { say("  \(count)  \(kind)") }
            }
            try? FileManager.default.removeItem(atPath: folder)
        }
    }
}
