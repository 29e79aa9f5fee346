/// What `lora-train report` can be told.
struct ReportOptions {
    var model = ModelOptions()
    var paths: [String] = []
    var output: String?

    static var flags: FlagSet<ReportOptions> {
        var flags = FlagSet<ReportOptions>()
        flags.operands("METRICS", \.paths)
        flags.section("METRICS is a run's metrics file, its adapter, or the folder of its results; several runs are laid side by side")
        flags.filePath(
            "out", \.output, "The page; default {lora_name}_{dim}.report.html beside the metrics, of several runs comparison.report.html")
        flags.filePath("lora_path", \.model.loraPath, "Adapter of the run; default the one that the metrics name, or that lies beside them")
        flags.filePath(
            "base_path", \.model.basePath,
            "Base of the adapters, which their sizes are set in relation to; default the one that the metrics name")
        flags.integer("threads", \.model.threads, atLeast: 0, "Threads that compute; 0 for one a core")
        return flags
    }
}
