/// Whether runs can be logged to Weights & Biases.
struct WandbProbe: Probe {
    let title = "Weights & Biases"
    /// Where Python is; `nil` where it is not.
    let python: String?
    /// What ``importing`` printed, when Python ran it.
    let answer: String?

    /// What Python is asked.
    static let importing = ["-c", "import wandb; print(wandb.__version__)"]
    /// Seconds that it may take: the package is large, and its first import compiles it.
    static let limit = 30.0

    func findings() -> [Finding] {
        guard let python else {
            return [Finding(.note, "Python", "none", advice: "install python3 and the package wandb, where --use_wandb is wanted")]
        }
        let version = answer?.split(separator: "\n").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
        return [
            Finding(.note, "Python", python),
            version.isEmpty
                ? Finding(.note, "wandb", "cannot be imported", advice: "\(python) -m pip install wandb, where --use_wandb is wanted")
                : Finding(.ok, "wandb", version),
        ]
    }
}
