import Foundation

do {
    let options = try Options(Array(CommandLine.arguments.dropFirst()))
    let format = options.formats[0]
    if let worker = options.worker {
        try Worker.run(format, options, worker.numbers, state: worker.state, scratch: worker.scratch)
    }
    if let folder = options.models {
        try CorpusModels.write(to: folder)
        exit(0)
    }
    if options.only != nil || options.file != nil {
        let number = options.only ?? 0
        let input: [UInt8]
        if let file = options.file {
            input = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        } else {
            input = Mutator(format, try Corpus(format, in: options.corpus)).input(number, seed: options.seed)
        }
        if let path = options.write {
            try Data(input).write(to: URL(fileURLWithPath: path))
            exit(0)
        }
        try Single.read(format, options, number, input)
    }
    var reports: [FuzzReport] = []
    for format in options.formats {
        let report = try Supervisor(format, options).run()
        if reports.isEmpty { say(FuzzReport.header) }
        say(([report.line] + report.listing(options.kinds)).joined(separator: "\n"))
        reports.append(report)
    }
    let failures = reports.reduce(0) { $0 + $1.failures.count }
    if failures > 0 { say("\(failures) inputs failed; each can be read again: fuzz FORMAT --file PATH") }
    // At once: what Foundation keeps of processes that have ended is no leak of a reader.
    fflush(nil)
    _exit(failures == 0 ? 0 : 1)
} catch {
    FileHandle.standardError.write(Data("fuzz: \(error)\n".utf8))
    exit(2)
}
