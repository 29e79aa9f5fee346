import Foundation

/// How a process joins those that were started with it.
public enum DistributedStart {
    /// The MPI of this build and its version, `nil` where it has none.
    public static var library: String? {
        #if MPI
            MPICommunicator.library
        #else
            nil
        #endif
    }

    /// Joins the other processes; once in a process.
    ///
    /// - Parameter timeout: how long the others are waited for in each call, in seconds
    /// - Throws: ``LauncherError``
    public static func communicator(
        environment: [String: String] = ProcessInfo.processInfo.environment, timeout: Double = 1800
    ) throws(LauncherError) -> any Communicator {
        let launcher = Launcher(environment: environment)
        if let launcher, launcher.kind == .torchrun { throw .torchrun(count: launcher.count) }
        #if MPI
            guard let launcher else { throw .notStarted }
            let communicator: MPICommunicator
            do {
                communicator = try MPICommunicator(timeout: timeout)
            } catch {
                throw .mpi(error)
            }
            guard communicator.count == launcher.count else {
                throw .differ(
                    launcher.kind, started: launcher.count, seen: communicator.count, library: MPICommunicator.library)
            }
            return communicator
        #else
            throw .builtWithoutMPI
        #endif
    }

    /// For a run without --ddp: refuses to be one of several, each of which would do the same work over the same files.
    ///
    /// - Throws: ``LauncherError/alone(_:count:)``
    public static func checkAlone(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(LauncherError) {
        if let launcher = Launcher(environment: environment), launcher.count > 1 {
            throw .alone(launcher.kind, count: launcher.count)
        }
    }
}
