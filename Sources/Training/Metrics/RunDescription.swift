import Tensor

/// What is known of a run before its first step.
public struct RunDescription: Sendable, Equatable {
    /// What the run is called, such as `lora_identity_512`.
    public var name: String
    /// The version of the package.
    public var version: String
    /// UTC, in ISO 8601.
    public var started: String
    /// Passes over the data, of the whole run.
    public var epochs: Int
    /// Micro-batches of an epoch, in each process.
    public var stepsPerEpoch: Int
    /// Micro-batches that an earlier run had done, where this one goes on from it.
    public var completedSteps: Int
    /// Micro-batches that were done at the last evaluation of that earlier run; `nil` where it had none.
    public var evaluatedSteps: Int?
    /// Where the base is; `nil` for a random start.
    public var basePath: String?
    /// Where what is trained is saved.
    public var savedPath: String
    /// Flags by name, as text; those that the result depends on.
    public var recipe: JSONObject
    /// What is trained, in words by what they are about: base, data, parameters.
    public var subject: JSONObject
    /// The machine and the build, in words by what they are about.
    public var environment: JSONObject

    /// A description of its parts.
    public init(
        name: String, version: String, started: String, epochs: Int, stepsPerEpoch: Int, completedSteps: Int = 0,
        evaluatedSteps: Int? = nil, basePath: String?, savedPath: String, recipe: JSONObject = [:], subject: JSONObject = [:],
        environment: JSONObject = [:]
    ) {
        self.name = name
        self.version = version
        self.started = started
        self.epochs = epochs
        self.stepsPerEpoch = stepsPerEpoch
        self.completedSteps = completedSteps
        self.evaluatedSteps = evaluatedSteps
        self.basePath = basePath
        self.savedPath = savedPath
        self.recipe = recipe
        self.subject = subject
        self.environment = environment
    }

    /// Whether this run may be what became of another one: the same recipe, for as many epochs or more. Flags that only
    /// one of them knows are left out, since the other may be of another version.
    func canGoOn(from other: RunDescription) -> Bool {
        let keys = Set(recipe.keys).union(other.recipe.keys).subtracting(["--epochs"])
        return other.stepsPerEpoch == stepsPerEpoch && other.epochs <= epochs
            && keys.allSatisfy { key in
                let (own, others) = (recipe[key], other.recipe[key])
                return own == others || key.hasPrefix("--") && (own == nil || others == nil)
            }
    }

    var json: JSON {
        [
            "name": .string(name), "version": .string(version), "started": .string(started), "epochs": .integer(epochs),
            "steps_per_epoch": .integer(stepsPerEpoch), "completed_steps": .integer(completedSteps),
            "evaluated_steps": evaluatedSteps.map(JSON.integer) ?? .null,
            "base_path": basePath.map(JSON.string) ?? .null, "saved_path": .string(savedPath), "recipe": .object(recipe),
            "subject": .object(subject), "environment": .object(environment),
        ]
    }

    init?(_ json: JSON) {
        guard let name = json["name"]?.string, let version = json["version"]?.string, let started = json["started"]?.string,
            let epochs = json["epochs"]?.integer, let stepsPerEpoch = json["steps_per_epoch"]?.integer,
            let savedPath = json["saved_path"]?.string
        else { return nil }
        self.init(
            name: name, version: version, started: started, epochs: epochs, stepsPerEpoch: stepsPerEpoch,
            completedSteps: json["completed_steps"]?.integer ?? 0,
            evaluatedSteps: json["evaluated_steps"]?.integer, basePath: json["base_path"]?.string, savedPath: savedPath,
            recipe: json["recipe"]?.object ?? [:], subject: json["subject"]?.object ?? [:],
            environment: json["environment"]?.object ?? [:])
    }
}
