/// What started this process as one of several, by the variables that it leaves in the environment.
public struct Launcher: Sendable, Equatable {
    /// The program that starts processes.
    public enum Kind: Sendable {
        /// Open MPI's `mpirun`.
        case mpirun
        /// `mpiexec` of MPICH or Intel MPI, or whoever speaks its protocol.
        case mpiexec
        /// Slurm's `srun`.
        case srun
        /// PyTorch's, whose processes find each other by no MPI.
        case torchrun
    }

    /// The program that started this process.
    public let kind: Kind
    /// The place of this process among all, from 0.
    public let rank: Int
    /// How many processes were started.
    public let count: Int

    /// What the environment says; `nil` where nothing of the kind started the process.
    public init?(environment: [String: String]) {
        func numbers(_ rank: String, _ count: String) -> (rank: Int, count: Int)? {
            guard let rank = environment[rank].flatMap({ Int($0) }), let count = environment[count].flatMap({ Int($0) }),
                count >= 1, (0..<count).contains(rank)
            else { return nil }
            return (rank, count)
        }
        let found: (kind: Kind, numbers: (rank: Int, count: Int))
        // The innermost first: torchrun may run below srun or mpirun, and these use srun to reach other machines.
        if environment["TORCHELASTIC_RUN_ID"] != nil, let numbers = numbers("RANK", "WORLD_SIZE") {
            found = (.torchrun, numbers)
        } else if let numbers = numbers("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE") {
            found = (.mpirun, numbers)
        } else if let numbers = numbers("PMI_RANK", "PMI_SIZE") {
            found = (.mpiexec, numbers)
        } else if Self.isStep(environment), let numbers = numbers("SLURM_PROCID", "SLURM_STEP_NUM_TASKS") {
            found = (.srun, numbers)
        } else if environment["LOCAL_RANK"] != nil, let numbers = numbers("RANK", "WORLD_SIZE") {
            found = (.torchrun, numbers)
        } else {
            return nil
        }
        kind = found.kind
        (rank, count) = found.numbers
    }

    /// Whether srun started the process. A script of sbatch has most of Slurm's variables too, and so has the shell of
    /// salloc, which is a step with a number of Slurm's own (`SLURM_INTERACTIVE_STEP` and its like, above 0xFFFFFFF0).
    private static func isStep(_ environment: [String: String]) -> Bool {
        guard let step = (environment["SLURM_STEP_ID"] ?? environment["SLURM_STEPID"]).flatMap({ UInt64($0) }) else { return false }
        return step < 0xFFFF_FFF0
    }
}

extension Launcher.Kind: CustomStringConvertible {
    public var description: String {
        switch self {
        case .mpirun: "mpirun"
        case .mpiexec: "mpiexec"
        case .srun: "srun"
        case .torchrun: "torchrun"
        }
    }
}

/// Why processes do not find together, or should not be several.
public enum LauncherError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The build has no MPI.
    case builtWithoutMPI
    /// Nothing started the process as one of several.
    case notStarted
    /// torchrun started it, which we cannot speak with.
    case torchrun(count: Int)
    /// The launcher belongs to another MPI than the build's library.
    case differ(Launcher.Kind, started: Int, seen: Int, library: String)
    /// Several processes were started, of which each would train alone.
    case alone(Launcher.Kind, count: Int)
    /// MPI does not begin.
    case mpi(CommunicationError)

    public var description: String {
        switch self {
        case .builtWithoutMPI:
            "this lora-train was built without MPI, which --ddp needs; `make build MPI=1`, or `swift build -c release --traits OpenBLAS,OneDNN,Oniguruma,MPI`"
        case .notStarted:
            "--ddp trains on processes that MPI starts, and nothing started this one; `mpirun -np 2 lora-train --ddp …`, or srun"
        case .torchrun(let count):
            "torchrun started this process, and --ddp speaks with the others by MPI; `mpirun -np \(count) lora-train --ddp …`"
        case .differ(let kind, let started, let seen, let library):
            "\(kind) started \(started) \(started == 1 ? "process" : "processes") but MPI sees \(seen): the MPI of this build (\(library)) is not the one of \(kind); "
                + (kind == .srun ? "use `srun --mpi=pmix` or `--mpi=pmi2`, or its mpirun" : "use its mpirun, or `srun --mpi=pmix`")
        case .alone(let kind, let count):
            "\(kind) started \(count) processes without --ddp: each would train alone and overwrite the files of the others; add --ddp, or start one"
        case .mpi(let error): "\(error)"
        }
    }
}
