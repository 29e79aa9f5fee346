#if MPI
    import Foundation
    import Tensor
    import TestSupport
    import Testing

    /// Processes that mpirun starts. `bench allreduce` itself checks sums to the bit in the order of ranks, the same in all
    /// processes, several at once, and texts of different lengths; it fails where they are not so.
    @Suite("Several processes, end to end", .serialized, .enabled(if: Command.hasMPI, "\(Command.absenceOfMPI)"))
    struct MPITests {
        @Test(arguments: [1, 2, 3, 4])
        func sums(ranks: Int) throws {
            let run = try Command.mpi(
                ranks: ranks, ["bench", "allreduce", "--min_bytes", "4", "--max_bytes", "1200000", "--rounds", "3", "--json"])
            #expect(run.status == 0, "\(run.errors)")
            let report = try JSON(parsing: Data(run.output.utf8))
            #expect(report["ranks"]?.integer == ranks)
            #expect(report["hosts"]?.array?.count == ranks)
            #expect(report["sizes"]?.array?.last?["bytes"]?.integer == 1_200_000)
        }

        @Test func aProcessThatIsKilled() throws {
            let run = try Command.mpi(
                ranks: 3, ["bench", "allreduce", "--min_bytes", "1024", "--max_bytes", "1048576", "--rounds", "1000000000"],
                kill: (rank: 1, afterLines: 2))
            #expect(run.status != 0)
            #expect(run.lines.count == 2, "\(run.output)")
            #expect(try #require(run.secondsAfterAction) < 20)
        }

        @Test func aProcessThatNothingStarted() throws {
            let run = try Command(["bench", "allreduce"])
            #expect(run.status == 1)
            #expect(run.errors.hasPrefix("error: ") && run.errors.contains("mpirun -np 2"), "\(run.errors)")
        }
    }
#endif
