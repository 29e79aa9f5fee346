import Foundation
import Tensor
import Training

/// Times sums over the processes that MPI started, and checks them: to the bit in the order of ranks, and the same
/// everywhere.
struct BenchAllreduceCommand {
    let options: BenchOptions

    /// What one number of bytes took.
    private struct Row {
        let bytes: Int
        let median: Double
        let least: Double

        var json: JSON {
            [
                "bytes": .integer(bytes), "seconds_median": .number(median), "seconds_min": .number(least),
                "bytes_per_second": .number(Double(bytes) / median),
            ]
        }

        var line: String {
            String(
                format: "%12d %10.3f ms %10.3f ms %8.2f GB/s", bytes, 1000 * median, 1000 * least, Double(bytes) / median / 1e9)
        }
    }

    func run() throws {
        guard options.leastBytes <= options.mostBytes else {
            throw CommandError.usage("--min_bytes \(options.leastBytes) is more than --max_bytes \(options.mostBytes)")
        }
        guard options.mostBytes <= 1 << 32 else { throw CommandError.usage("--max_bytes is at most \(1 << 32)") }
        let communicator = try DistributedStart.communicator(timeout: 60)
        do {
            try bench(communicator)
        } catch {
            // The others wait for this process.
            Console.shared.note("error: \(error)")
            communicator.abort(exitCode: 1)
        }
        communicator.finish()
    }

    private func bench(_ communicator: any Communicator) throws {
        let (isFirst, count) = (communicator.rank == 0, communicator.count)
        let share = try ProcessorShare.claim(among: communicator)
        let hosts = try communicator.gather(ProcessInfo.processInfo.hostName)
        let library = DistributedStart.library ?? "no MPI"
        if isFirst, let note = share?.note { Console.shared.note("note: \(note)") }
        if isFirst, !options.isJSON {
            let machines = Set(hosts).count
            Console.shared.line(
                "\(count) \(count == 1 ? "process" : "processes") on \(machines) \(machines == 1 ? "machine" : "machines"), \(library)")
            Console.shared.line("       bytes        median         least")
        }
        try checkMixture(communicator)
        var rows: [Row] = []
        var bytes = options.leastBytes
        while true {
            let row = try time(bytes, communicator)
            rows.append(row)
            if isFirst, !options.isJSON { Console.shared.line(row.line) }
            if bytes == options.mostBytes { break }
            bytes = min(4 * bytes, options.mostBytes)
        }
        if isFirst, options.isJSON {
            let report: JSON = [
                "ranks": .integer(communicator.count), "hosts": .array(hosts.map { .string($0) }), "library": .string(library),
                "threads": share.map { .integer($0.threads) } ?? .null, "sizes": .array(rows.map(\.json)),
            ]
            Console.shared.line(report.serialized)
        }
    }

    /// Several sums at once, which odd processes wait for in another order, and texts of different lengths.
    private func checkMixture(_ communicator: any Communicator) throws {
        let buffers = [1, 5000, 700_001, 0, 1024 * communicator.count + 1].map { count in
            let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            _ = buffer.initialize(fromContentsOf: Self.values(count, rank: communicator.rank))
            return buffer
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        let sums = try buffers.map { try communicator.startSum($0) }
        let text = { (rank: Int) in String(repeating: "ä", count: 1000 * rank) }
        guard try communicator.gather(text(communicator.rank)) == (0..<communicator.count).map(text) else {
            throw CommandError.failure("process \(communicator.rank) got other texts than were sent")
        }
        for sum in communicator.rank % 2 == 0 ? sums : sums.reversed() { try sum.wait() }
        for buffer in buffers { try check(buffer, communicator) }
    }

    private func time(_ bytes: Int, _ communicator: any Communicator) throws -> Row {
        let count = max(1, bytes / 4)
        let terms = Self.values(count, rank: communicator.rank)
        let sum = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        defer { sum.deallocate() }
        var times: [String] = []
        for round in 0...options.rounds {
            _ = sum.initialize(fromContentsOf: terms)
            _ = try communicator.gather("")
            let start = ContinuousClock.now
            try communicator.startSum(sum).wait()
            // The first one warms up.
            if round > 0 { times.append(String((ContinuousClock.now - start) / .seconds(1))) }
            if round == 0 || round == options.rounds { try check(sum, communicator) }
        }
        // A sum has taken as long as it took the last process.
        let all = try communicator.gather(times.joined(separator: " ")).map { $0.split(separator: " ").compactMap { Double($0) } }
        let rounds = (0..<options.rounds).map { round in all.map { $0[round] }.max() ?? 0 }.sorted()
        return Row(bytes: 4 * count, median: rounds[rounds.count / 2], least: rounds[0])
    }

    private func check(_ sum: UnsafeMutableBufferPointer<Float>, _ communicator: any Communicator) throws {
        var expected = Self.values(sum.count, rank: 0)
        for rank in 0..<communicator.count where rank > 0 {
            let terms = Self.values(sum.count, rank: rank)
            for index in expected.indices { expected[index] += terms[index] }
        }
        if let wrong = sum.indices.first(where: { sum[$0].bitPattern != expected[$0].bitPattern }) {
            throw CommandError.failure(
                "process \(communicator.rank): of \(sum.count) values, number \(wrong) is \(sum[wrong]) and should be \(expected[wrong])")
        }
        var bits: UInt64 = 0xCBF2_9CE4_8422_2325
        for value in sum { bits = (bits ^ UInt64(value.bitPattern)) &* 0x100_0000_01B3 }
        let hashes = try communicator.gather(String(bits, radix: 16))
        guard Set(hashes).count == 1 else {
            throw CommandError.failure("the processes have different sums of \(sum.count) values: \(hashes.joined(separator: " "))")
        }
    }

    /// Values of many magnitudes and both signs, whose sums depend on the order of the terms.
    private static func values(_ count: Int, rank: Int) -> [Float] {
        let numerators: [Float] = (0..<61).map { index in (index % 2 == 0 ? 1 : -1) * Float(1 << (index % 12)) / Float(3 + index + 7 * rank)
        }
        return [Float](unsafeUninitializedCapacity: count) { values, initialized in
            var index = rank % 61
            for place in 0..<count {
                values.initializeElement(at: place, to: numerators[index] + Float(place & 1023))
                index = index == 60 ? 0 : index + 1
            }
            initialized = count
        }
    }
}
