/// What `lora-train doctor` can be told.
struct DoctorOptions {
    var outDir = "out"
    var threads = 0
    var python = "python3"
    var isJSON = false

    static var flags: FlagSet<DoctorOptions> {
        var flags = FlagSet<DoctorOptions>()
        flags.section("What would be done here")
        flags.filePath("out_dir", \.outDir, "Folder that results would go to")
        flags.integer("threads", \.threads, atLeast: 0, "Threads that would compute; 0 for one a core")
        flags.filePath("wandb_python", \.python, "Python that would log to Weights & Biases: a name or a path")
        flags.bool("json", \.isJSON, "One JSON object instead of a table")
        return flags
    }
}
