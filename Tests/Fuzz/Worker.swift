import Foundation
import SanitizerSupport

/// Reads inputs one after the other in a process of its own, which may die of them.
struct Worker {
    /// More memory than this at once is a failure: corpus and readers take some ten megabytes.
    static let memoryLimit = Sanitizer.isOn ? 2 << 30 : 512 << 20
    /// The address space, so that a process that asks for all memory dies before the machine does.
    private static let addressLimit = 8 << 30
    /// What threads of the product that read data have.
    private static let stackSize = 4 << 20

    static let failed: Int32 = 70

    /// Reads the inputs `numbers`, or `input` alone, and ends the process.
    ///
    /// - Parameter finish: called last; without a state where something failed
    static func run(
        _ format: FuzzFormat, _ options: Options, _ numbers: Range<Int>, input: [UInt8]? = nil, state path: String, scratch: String,
        finish: @escaping @Sendable (WorkerState?) -> Void = { _ in }
    ) throws -> Never {
        if !Sanitizer.isOn { limitAddresses() }
        let thread = Thread {
            do {
                let state = try WorkerState(path)
                try read(format, options, numbers, input: input, state: state, scratch: Scratch(scratch))
                finish(state)
                // Other threads are still there: what libraries do at an orderly end is not for this one.
                _exit(0)
            } catch {
                FileHandle.standardError.write(Data("\(error)\n".utf8))
                finish(nil)
                _exit(failed)
            }
        }
        thread.stackSize = stackSize
        thread.start()
        while true { sleep(1000) }
    }

    private static func limitAddresses() {
        var limit = rlimit(rlim_cur: rlim_t(addressLimit), rlim_max: rlim_t(addressLimit))
        #if os(Linux)
            setrlimit(__rlimit_resource_t(UInt32(RLIMIT_AS.rawValue)), &limit)
        #else
            setrlimit(RLIMIT_AS, &limit)
        #endif
    }

    private static func read(
        _ format: FuzzFormat, _ options: Options, _ numbers: Range<Int>, input: [UInt8]?, state: WorkerState, scratch: Scratch
    ) throws {
        let mutator = Mutator(format, try Corpus(format, in: options.corpus))
        let target = try format.target(scratch, corpus: options.corpus)
        let recorder = Recorder(scratch: scratch.path, enter: state.setStage, refused: state.count)
        state.peakBytes = peakMemory()
        let clock = ContinuousClock()
        for number in numbers {
            state.current = number
            state.setStage("made")
            let bytes = input ?? mutator.input(number, seed: options.seed)
            recorder.begin()
            let (start, cpuStart) = (clock.now, threadTime())
            if let rehearsal = options.rehearsal, number == 0 { try rehearse(rehearsal) }
            try autoreleased { try target.read(bytes, recorder) }
            let time = start.duration(to: clock.now)
            let nanoseconds = Int(time.components.seconds) * 1_000_000_000 + Int(time.components.attoseconds / 1_000_000_000)
            if nanoseconds > state.slowestNanoseconds { (state.slowestNanoseconds, state.slowest) = (nanoseconds, number) }
            let memory = peakMemory()
            if memory > state.peakBytes { (state.peakBytes, state.peak) = (memory, number) }
            #if !DEBUG
                let seconds = threadTime() - cpuStart
                if !Sanitizer.isOn, let limit = format.timeLimit, seconds > limit { throw FuzzFailure("\(seconds) s of one core") }
            #endif
            guard memory <= memoryLimit else { throw FuzzFailure("\(memory >> 20) MiB of memory") }
            if recorder.isAccepted { state.accepted += 1 }
            state.done += 1
        }
    }

    /// What a reader must never do.
    private static func rehearse(_ what: String) throws {
        switch what {
        case "trap": fatalError("rehearsed")
        case "hang": while true { sleep(1) }
        case "memory":
            // Memory that nothing reads would be optimized away, but not a call of the system that fills it.
            let zeros = FileHandle(forReadingAtPath: "/dev/zero")
            guard zeros?.readData(ofLength: memoryLimit + (1 << 20)).isEmpty == false else { throw FuzzFailure("/dev/zero is empty") }
        default: throw FuzzFailure("rehearsed")
        }
    }

    private static func autoreleased(_ body: () throws -> Void) rethrows {
        #if canImport(ObjectiveC)
            try autoreleasepool(invoking: body)
        #else
            try body()
        #endif
    }

    /// What this thread has computed, in seconds: the time of day also counts what other processes do.
    private static func threadTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// What the system counted when the program began: Linux counts in what the parent had when it started this
    /// process.
    private static let inheritedPeak = countedPeak()

    /// The most memory that the process has had, in bytes.
    private static func peakMemory() -> Int {
        let (inherited, counted) = (inheritedPeak, countedPeak())
        // Until the process has had more than its parent, the high-water mark of its own memory says it, more slowly.
        guard counted <= inherited, let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = Int(line.filter(\.isNumber))
        else { return counted }
        return kilobytes << 10
    }

    private static func countedPeak() -> Int {
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Int(usage.ru_maxrss) << 10
        #else
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #endif
    }
}
