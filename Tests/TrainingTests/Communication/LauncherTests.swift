import Testing

@testable import Training

@Suite("What started the process")
struct LauncherTests {
    private func expect(
        _ environment: [String: String], _ kind: Launcher.Kind, _ rank: Int, _ count: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let launcher = try #require(Launcher(environment: environment), sourceLocation: sourceLocation)
        #expect(launcher.kind == kind, sourceLocation: sourceLocation)
        #expect(launcher.rank == rank && launcher.count == count, sourceLocation: sourceLocation)
    }

    /// What a script of sbatch has.
    private let batch = [
        "SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NNODES": "2",
    ]
    private let elastic = ["TORCHELASTIC_RUN_ID": "none", "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"]

    @Test func launchers() throws {
        try expect(["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4"], .mpirun, 1, 4)
        try expect(["PMI_RANK": "2", "PMI_SIZE": "3"], .mpiexec, 2, 3)
        try expect(elastic, .torchrun, 3, 4)
        try expect(["RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0"], .torchrun, 0, 2)
        let step = batch.merging(["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3"]) { $1 }
        try expect(step, .srun, 3, 4)
    }

    @Test func innermost() throws {
        let openMPI = ["OMPI_COMM_WORLD_RANK": "5", "OMPI_COMM_WORLD_SIZE": "8"]
        // mpirun of a batch job reaches other machines by a step of srun, with a process a machine.
        let step = batch.merging(["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"]) { $1 }
        try expect(step.merging(openMPI) { $1 }, .mpirun, 5, 8)
        try expect(step.merging(["PMI_RANK": "6", "PMI_SIZE": "8"]) { $1 }, .mpiexec, 6, 8)
        try expect(step.merging(elastic) { $1 }, .torchrun, 3, 4)
        // Scripts give srun's processes the variables that PyTorch reads.
        try expect(step.merging(["RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "0"]) { $1 }, .srun, 1, 2)
    }

    @Test func nothing() {
        #expect(Launcher(environment: [:]) == nil)
        #expect(Launcher(environment: batch) == nil)
        // The shell of salloc.
        let shell = batch.merging(["SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "1"]) { $1 }
        #expect(Launcher(environment: shell) == nil)
        #expect(Launcher(environment: ["WORLD_SIZE": "2"]) == nil)
        #expect(Launcher(environment: ["RANK": "0", "WORLD_SIZE": "2"]) == nil)
        for (rank, count) in [("", "2"), ("x", "2"), ("2", "2"), ("-1", "2"), ("0", "0"), ("0", "-1"), ("0", "99999999999999999999")] {
            #expect(Launcher(environment: ["OMPI_COMM_WORLD_RANK": rank, "OMPI_COMM_WORLD_SIZE": count]) == nil, "\(rank) of \(count)")
        }
    }

    @Test func alone() throws {
        try DistributedStart.checkAlone(environment: [:])
        try DistributedStart.checkAlone(environment: batch)
        try DistributedStart.checkAlone(environment: ["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"])
        #expect(throws: LauncherError.alone(.mpirun, count: 2)) {
            try DistributedStart.checkAlone(environment: ["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2"])
        }
        #expect(throws: LauncherError.alone(.torchrun, count: 4)) { try DistributedStart.checkAlone(environment: elastic) }
    }

    @Test func refusals() {
        #expect(throws: LauncherError.torchrun(count: 4)) { try DistributedStart.communicator(environment: elastic) }
        #if MPI
            #expect(throws: LauncherError.notStarted) { try DistributedStart.communicator(environment: batch) }
            #expect(DistributedStart.library?.isEmpty == false)
        #else
            #expect(throws: LauncherError.builtWithoutMPI) { try DistributedStart.communicator(environment: batch) }
            #expect(DistributedStart.library == nil)
        #endif
    }

    @Test func messages() {
        let errors: [(LauncherError, String)] = [
            (.builtWithoutMPI, "make build MPI=1"), (.notStarted, "mpirun -np 2"), (.torchrun(count: 4), "mpirun -np 4"),
            (.differ(.mpirun, started: 4, seen: 1, library: "MPICH 4.0.2"), "mpirun started 4 processes but MPI sees 1"),
            (.differ(.srun, started: 2, seen: 1, library: "Open MPI 4.1.4"), "srun --mpi=pmix"),
            (.alone(.srun, count: 3), "srun started 3 processes without --ddp"),
            (.mpi(.failed(call: "MPI_Init_thread", reason: "no")), "MPI_Init_thread failed: no"),
        ]
        for (error, words) in errors {
            #expect("\(error)".contains(words))
            #expect(!"\(error)".contains("\n"))
        }
    }

    #if MPI
        @Test func versions() {
            #expect(MPICommunicator.shortVersion("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev") == "Open MPI 4.1.4")
            #expect(MPICommunicator.shortVersion("MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr") == "MPICH 4.0.2")
            #expect(
                MPICommunicator.shortVersion("Intel(R) MPI Library 2021.9 for Linux* OS\n") == "Intel(R) MPI Library 2021.9 for Linux* OS")
        }
    #endif
}
