/// Whether several processes can train together.
struct MPIProbe: Probe {
    let title = "Several processes"
    /// The library's name and version; `nil` in a build without MPI.
    let library: String?
    /// Launchers that were found, by their paths.
    let launchers: [String]

    /// What starts processes of MPI.
    static let launcherNames = ["mpirun", "mpiexec", "srun"]

    func findings() -> [Finding] {
        let launcher =
            launchers.isEmpty
            ? Finding(.note, "launcher", "none", advice: library == nil ? nil : "install the launcher of the same MPI, such as openmpi-bin")
            : Finding(library == nil ? .note : .ok, "launcher", launchers.joined(separator: ", "))
        guard let library else {
            return [Finding(.note, "MPI", "not in this build", advice: "make build MPI=1, where --ddp is wanted"), launcher]
        }
        return [Finding(.ok, "MPI", library), launcher]
    }
}
