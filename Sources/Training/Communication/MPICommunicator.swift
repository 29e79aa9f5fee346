#if MPI
    import CKernels
    import CMPI
    import Foundation

    /// The processes that MPI started.
    ///
    /// Results must be the same bits in all processes, and in every run with as many of them. MPI asks for the former
    /// and advises the latter, but which terms a library adds first is up to the algorithm that it chooses by sizes,
    /// machines, and settings of its own, and a network that adds in its switches may take values as they come. So MPI
    /// carries values here and adds none, see ``RankOrderSum``.
    package final class MPICommunicator: Communicator {
        package let rank: Int
        package let count: Int
        package let localRank: Int
        package let localCount: Int
        package var smallestMessage: Int { RankOrderSum.smallestSlice }
        /// The name of this process's machine.
        package let host: String
        /// How long the others are waited for, in seconds.
        package var timeout: Double

        let group: mpi_communicator
        /// The sums that are under way, in the order in which they began. Here, so that their memory outlives the
        /// messages, whatever their callers do.
        private var sums: [RankOrderSum] = []
        private var tag: Int32 = 0
        private var freeScratch: [Scratch] = []

        /// The library and its version, in a few words.
        package static var library: String {
            text { mpi_library_version($0) }.map(shortVersion) ?? "an unknown MPI"
        }

        /// Begins MPI, which a process can do once.
        ///
        /// - Throws: ``CommunicationError/failed(call:reason:)``
        package init(timeout: Double = 1800) throws(CommunicationError) {
            guard !mpi_was_started() else {
                throw .failed(call: "MPI_Init_thread", reason: "this process has begun MPI already")
            }
            var hasLevel = false
            try Self.check("MPI_Init_thread", mpi_start(&hasLevel))
            guard hasLevel else {
                throw .failed(
                    call: "MPI_Init_thread",
                    reason: "this MPI (\(Self.library)) cannot be called by a program with threads; use one with MPI_THREAD_FUNNELED")
            }
            var group = mpi_communicator()
            try Self.check("MPI_Comm_dup", mpi_world(&group))
            var (rank, count): (Int32, Int32) = (0, 1)
            try Self.check("MPI_Comm_rank", mpi_place(group, &rank, &count))
            var (localRank, localCount): (Int32, Int32) = (0, 1)
            try Self.check("MPI_Comm_split_type", mpi_local_place(group, rank, &localRank, &localCount))
            self.group = group
            self.rank = Int(rank)
            self.count = Int(count)
            self.localRank = Int(localRank)
            self.localCount = Int(localCount)
            self.timeout = timeout
            host = Self.text { mpi_host_name($0) } ?? "unknown"
        }

        package func startSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError) -> any PendingSum {
            let sum = RankOrderSum(values, self)
            sums.append(sum)
            try sum.advance()
            return sum
        }

        package func gather(_ text: String) throws(CommunicationError) -> [String] {
            // Memory that MPI reads and writes until the requests are done; after an error it may do so still, so that it
            // is given back where all went well.
            let bytes = Self.memory(of: Array(text.utf8))
            // A length that cannot be said is told to all, so that all refuse.
            let length = Self.memory(of: [Int32(exactly: bytes.count) ?? -1])
            let lengths = Self.memory(of: [Int32](repeating: 0, count: count))
            try blocking("MPI_Iallgather") { mpi_gather_lengths(length.baseAddress, lengths.baseAddress, group, $0) }
            let places = Self.memory(of: [Int32](repeating: 0, count: count))
            var total: Int32 = 0
            for (rank, length) in lengths.enumerated() {
                places[rank] = total
                let (next, isTooMuch) = total.addingReportingOverflow(length)
                guard length >= 0, !isTooMuch else {
                    throw .failed(call: "MPI_Iallgatherv", reason: "the texts of all processes exceed \(Int32.max) bytes")
                }
                total = next
            }
            let all = Self.memory(of: [UInt8](repeating: 0, count: Int(total)))
            try blocking("MPI_Iallgatherv") {
                mpi_gather_bytes(bytes.baseAddress, length[0], all.baseAddress, lengths.baseAddress, places.baseAddress, group, $0)
            }
            defer {
                for bytes in [bytes, all] { bytes.deallocate() }
                for numbers in [length, lengths, places] { numbers.deallocate() }
            }
            return zip(places, lengths).map { place, length in
                String(decoding: all[Int(place)..<Int(place + length)], as: UTF8.self)
            }
        }

        package func finish() {
            do {
                try leave()
            } catch {
                // The work is done, but somebody is not: nobody is to wait for him for ever.
                FileHandle.standardError.write(Data("error: at the end, \(error)\n".utf8))
                abort(exitCode: 1)
            }
        }

        private func leave() throws(CommunicationError) {
            let everybody = group
            try blocking("MPI_Ibarrier") { mpi_barrier(everybody, $0) }
            try Self.check("MPI_Finalize", mpi_finish(everybody))
        }

        package func abort(exitCode: Int32) -> Never {
            mpi_abort(exitCode)
            exit(exitCode)
        }

        // MARK: - For sums

        /// Moves all sums along: one that nobody waits for yet has others waiting elsewhere.
        fileprivate func advanceSums() throws(CommunicationError) {
            for sum in sums { try sum.step() }
            sums.removeAll { $0.isDone }
        }

        /// A tag for the messages of a piece, the same in all processes, as these begin the same sums in the same order.
        /// Messages of one tag keep their order, so that coming round to it again does no harm.
        fileprivate func nextTags(_ count: Int) -> Int32 {
            defer { tag = Int32((Int(tag) + count) % mpi_largest_tag) }
            return tag
        }

        fileprivate func takeScratch() -> Scratch {
            freeScratch.popLast() ?? Scratch(values: RankOrderSum.scratchCount(ranks: count), requests: 2 * count)
        }

        fileprivate func giveBack(_ scratch: Scratch) { freeScratch.append(scratch) }

        // MARK: - Waiting and errors

        /// Asks until it is done, and lets go of the processor in between: where there are more processes than
        /// processors, the others need it to get on.
        ///
        /// - Throws: ``CommunicationError/timeout(seconds:)``
        fileprivate func wait(until isDone: () throws(CommunicationError) -> Bool) throws(CommunicationError) {
            for _ in 0..<50 {
                if try isDone() { return }
            }
            let start = ContinuousClock.now
            while try !isDone() {
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                if seconds > timeout { throw .timeout(seconds: timeout) }
                // Who comes so late is not late for some microseconds: he writes a checkpoint, say.
                if seconds < 0.02 { sched_yield() } else { usleep(50) }
            }
        }

        /// A copy that stays where it is, and is somewhere even if it is empty.
        private static func memory<Value>(of values: [Value]) -> UnsafeMutableBufferPointer<Value> {
            let start = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
            let memory = UnsafeMutableBufferPointer(start: start, count: values.count)
            _ = memory.initialize(fromContentsOf: values)
            return memory
        }

        private func blocking(_ call: String, _ begin: (UnsafeMutablePointer<mpi_request>) -> Int32) throws(CommunicationError) {
            let request = UnsafeMutablePointer<mpi_request>.allocate(capacity: 1)
            try Self.check(call, begin(request))
            try wait { () throws(CommunicationError) in try Self.areDone(1, request) }
            request.deallocate()
        }

        fileprivate static func areDone(_ count: Int, _ requests: UnsafeMutablePointer<mpi_request>) throws(CommunicationError) -> Bool {
            var areDone = false
            try check("MPI_Testall", mpi_are_done(Int32(count), requests, &areDone))
            return areDone
        }

        fileprivate static func check(_ call: String, _ code: Int32) throws(CommunicationError) {
            guard code != Int32(mpi_success) else { return }
            throw .failed(call: call, reason: text { mpi_error_text(code, $0) } ?? "error \(code)")
        }

        private static func text(_ read: (UnsafeMutablePointer<CChar>) -> Bool) -> String? {
            var bytes = [CChar](repeating: 0, count: mpi_longest_text)
            guard bytes.withUnsafeMutableBufferPointer({ read($0.baseAddress!) }) else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }

        /// "Open MPI 4.1.4" of "Open MPI v4.1.4, package: Debian OpenMPI, …", and "MPICH 4.0.2" of "MPICH Version:\t4.0.2\n…".
        static func shortVersion(_ text: String) -> String {
            let line = text.prefix { $0 != "\n" && $0 != "," }
            let words = line.split { $0 == " " || $0 == "\t" }.filter { $0 != "Version:" }
            return words.map { $0.first == "v" && $0.dropFirst().first?.isNumber == true ? String($0.dropFirst()) : String($0) }
                .joined(separator: " ")
        }
    }

    /// A sum whose terms are added in the order of ranks: ((v₀ + v₁) + v₂) + …, every one by one process alone.
    ///
    /// Each process owns a slice of the values. It receives this slice of all the others, adds, and sends the result to
    /// them. So the bits are the same everywhere, as they are copies; they depend on the number of processes, but not
    /// on the library, on who comes first, or on how values are put together to sums. As much is sent as by a ring,
    /// `2 (count - 1) / count` of the values by each process, and in two stages instead of `2 (count - 1)`.
    ///
    /// Messages are between two processes each and have tags, so that several sums may be under way, each in a stage of
    /// its own: collective calls would have to come in the same order everywhere.
    private final class RankOrderSum: PendingSum {
        /// Values that are exchanged at a time: few enough to lie in the cache, and more than a network's latency costs.
        private static let pieceCount = 1 << 18
        /// Pieces that are under way, so that one travels while another is added.
        private static let depth = 2
        /// The smallest slice, in values: a message of less costs as much.
        static let smallestSlice = 1024

        private let communicator: MPICommunicator
        private let values: UnsafeMutableBufferPointer<Float>
        /// Where the piece begins that is to be sent next.
        private var next = 0
        private var nextTag: Int32
        private var pieces: [Piece] = []

        var isDone: Bool { next == values.count && pieces.isEmpty }

        init(_ values: UnsafeMutableBufferPointer<Float>, _ communicator: MPICommunicator) {
            self.values = values
            self.communicator = communicator
            let pieces = (values.count + Self.pieceCount - 1) / Self.pieceCount
            nextTag = communicator.nextTags(pieces)
            if communicator.count == 1 { next = values.count }
        }

        /// The most values that a process receives of all others for its slice of a piece.
        static func scratchCount(ranks: Int) -> Int {
            (ranks - 1) * slice(0, of: pieceCount, ranks: ranks).count
        }

        func advance() throws(CommunicationError) { try communicator.advanceSums() }

        func wait() throws(CommunicationError) {
            try communicator.wait { () throws(CommunicationError) in
                try communicator.advanceSums()
                return isDone
            }
        }

        /// Moves the pieces along that have received what they wait for, and begins others in their place.
        func step() throws(CommunicationError) {
            var index = 0
            while index < pieces.count {
                if try move(&pieces[index]) { pieces.remove(at: index) } else { index += 1 }
            }
            while next < values.count, pieces.count < Self.depth { try begin() }
        }

        /// A part of the values, on its way.
        private struct Piece {
            let values: UnsafeMutableBufferPointer<Float>
            let tag: Int32
            let scratch: Scratch
            var messages = 0
            var isReturning = false
        }

        /// The values of a piece that a process adds.
        private static func slice(_ rank: Int, of count: Int, ranks: Int) -> Range<Int> {
            let share = (count + ranks - 1) / ranks
            // Whole lines of the cache.
            let length = max(smallestSlice, (share + 15) / 16 * 16)
            return min(count, rank * length)..<min(count, (rank + 1) * length)
        }

        private func slice(_ rank: Int, of piece: Piece) -> UnsafeMutableBufferPointer<Float> {
            UnsafeMutableBufferPointer(rebasing: piece.values[Self.slice(rank, of: piece.values.count, ranks: communicator.count)])
        }

        /// The other processes, beginning with the next, so that not all send to the first at once.
        private var others: [Int] { (1..<communicator.count).map { (communicator.rank + $0) % communicator.count } }

        private func begin() throws(CommunicationError) {
            let end = min(values.count, next + Self.pieceCount)
            var piece = Piece(
                values: UnsafeMutableBufferPointer(rebasing: values[next..<end]), tag: nextTag, scratch: communicator.takeScratch())
            next = end
            nextTag = Int32((Int(nextTag) + 1) % mpi_largest_tag)
            let own = slice(communicator.rank, of: piece)
            // Receiving comes first: what arrives without somebody who waits for it is copied once more.
            for other in others where !own.isEmpty {
                try receive(UnsafeMutableBufferPointer(start: scratch(of: other, piece, own.count), count: own.count), other, &piece)
            }
            for other in others { try send(slice(other, of: piece), other, &piece) }
            pieces.append(piece)
        }

        /// Whether the piece is done.
        private func move(_ piece: inout Piece) throws(CommunicationError) -> Bool {
            guard try MPICommunicator.areDone(piece.messages, piece.scratch.requests) else { return false }
            if piece.isReturning {
                communicator.giveBack(piece.scratch)
                return true
            }
            let own = slice(communicator.rank, of: piece)
            if !own.isEmpty { add(own, piece) }
            piece.messages = 0
            piece.isReturning = true
            for other in others { try receive(slice(other, of: piece), other, &piece) }
            for other in others where !own.isEmpty { try send(own, other, &piece) }
            return false
        }

        /// What came of a process.
        private func scratch(of other: Int, _ piece: Piece, _ count: Int) -> UnsafeMutablePointer<Float> {
            piece.scratch.values + (other < communicator.rank ? other : other - 1) * count
        }

        private func add(_ own: UnsafeMutableBufferPointer<Float>, _ piece: Piece) {
            guard let result = own.baseAddress else { return }
            func terms(_ rank: Int) -> UnsafeMutablePointer<Float> {
                rank == communicator.rank ? result : scratch(of: rank, piece, own.count)
            }
            // The sum grows where the first process's values are; ours keep their place until their turn.
            var sum = terms(0)
            for rank in 1..<communicator.count {
                let target = rank == communicator.rank ? result : sum
                add_f32(Int64(own.count), sum, 0, terms(rank), target)
                sum = target
            }
        }

        private func receive(_ values: UnsafeMutableBufferPointer<Float>, _ other: Int, _ piece: inout Piece) throws(CommunicationError) {
            guard !values.isEmpty else { return }
            let request = piece.scratch.requests + piece.messages
            try MPICommunicator.check(
                "MPI_Irecv", mpi_receive(values.baseAddress, Int32(values.count), Int32(other), piece.tag, communicator.group, request))
            piece.messages += 1
        }

        private func send(_ values: UnsafeMutableBufferPointer<Float>, _ other: Int, _ piece: inout Piece) throws(CommunicationError) {
            guard !values.isEmpty else { return }
            let request = piece.scratch.requests + piece.messages
            try MPICommunicator.check(
                "MPI_Isend", mpi_send(values.baseAddress, Int32(values.count), Int32(other), piece.tag, communicator.group, request))
            piece.messages += 1
        }
    }

    /// Memory for a piece, kept from sum to sum: the system gives new memory slowly.
    private final class Scratch {
        let values: UnsafeMutablePointer<Float>
        let requests: UnsafeMutablePointer<mpi_request>

        init(values count: Int, requests: Int) {
            values = .allocate(capacity: max(1, count))
            self.requests = .allocate(capacity: requests)
        }

        deinit {
            values.deallocate()
            requests.deallocate()
        }
    }
#endif
