import Training

/// The commands by name; without one, `train`.
enum Commands {
    private static var entries: [CommandEntry] {
        [
            CommandEntry("train", "fine-tune a base with LoRA (the default)", TrainOptions(), TrainOptions.flags) {
                try TrainCommand(options: $0).run()
            },
            CommandEntry("generate", "answer prompts, with or without an adapter", GenerateOptions(), GenerateOptions.flags) {
                try GenerateCommand(options: $0).run()
            },
            CommandEntry("chat", "talk with the model, with or without adapters", ChatOptions(), ChatOptions.flags) {
                try ChatCommand(options: $0).run()
            },
            CommandEntry(
                "eval", "loss and perplexity on given data, with and without an adapter", EvaluateOptions(), EvaluateOptions.flags
            ) { try EvaluateCommand(options: $0).run() },
            CommandEntry(
                "merge", "write a base with adapters merged in, as a .pth, a Hugging Face folder or a GGUF", ExportOptions(),
                ExportOptions.flags
            ) { try ExportCommand(options: $0).run("merge") },
            CommandEntry(
                "export", "write a model or an adapter for other tools: Hugging Face, GGUF, PEFT, MLX, llama.cpp", ExportOptions(),
                ExportOptions.flags
            ) { try ExportCommand(options: $0).run("export") },
            CommandEntry("verify", "compare the logits of two models, with or without adapters", VerifyOptions(), VerifyOptions.flags) {
                try VerifyCommand(options: $0).run()
            },
            CommandEntry(
                "inspect", "say what is in a file or folder: model, adapter, checkpoint, types, sizes", InspectOptions(),
                InspectOptions.flags
            ) { try InspectCommand(options: $0).run() },
            CommandEntry(
                "report", "make the page that shows a run again, or lay several side by side", ReportOptions(), ReportOptions.flags
            ) { try ReportCommand(options: $0).run() },
            CommandEntry(
                "visualize", "draw what an adapter changes: a heat map a module and an overview, as PNG files", VisualizeOptions(),
                VisualizeOptions.flags
            ) { try VisualizeCommand(options: $0).run() },
            CommandEntry("data", "show what each sample trains on", DataOptions(), DataOptions.flags) {
                try DataCommand(options: $0).run()
            },
            CommandEntry(
                "tokenize", "JSON strings to token ids, a line each; --decode the reverse", TokenizeOptions(), TokenizeOptions.flags
            ) { try TokenizeCommand(options: $0).run() },
            CommandEntry(
                "doctor", "look at the machine and the build: what is broken or slow here, and what to do", DoctorOptions(),
                DoctorOptions.flags
            ) { try DoctorCommand(options: $0).run() },
            CommandEntry("bench step", "time a training step, phase by phase", BenchOptions(), BenchOptions.stepFlags) {
                try BenchStepCommand(options: $0).run()
            },
            CommandEntry("bench generate", "time generation, one token at a time", BenchOptions(), BenchOptions.generateFlags) {
                try BenchGenerateCommand(options: $0).run()
            },
            CommandEntry("bench tokenizer", "time the tokenizer on a text, on one thread", BenchOptions(), BenchOptions.tokenizerFlags) {
                try BenchTokenizerCommand(options: $0).run()
            },
            CommandEntry(
                "bench allreduce", "time sums over processes, and check them to the bit", BenchOptions(), BenchOptions.allreduceFlags
            ) { try BenchAllreduceCommand(options: $0).run() },
        ]
    }

    /// Does what the arguments of the process say.
    ///
    /// - Throws: ``CommandError`` for a command that there is not, or what the command throws
    static func run(_ arguments: [String]) throws {
        if arguments == ["--version"] { return Console.shared.line("lora-train \(Release.version)") }
        guard let first = arguments.first, !first.hasPrefix("-") else { return try run(["train"] + arguments) }
        if first == "help" { return try help(Array(arguments.dropFirst())) }
        let subjects = subjects(of: first)
        if !subjects.isEmpty, arguments.count == 1 || ["--help", "-h"].contains(arguments[1]) {
            return Console.shared.line(
                "lora-train \(first) SUBJECT, which is one of: \(subjects.joined(separator: ", ")); SUBJECT --help lists its flags")
        }
        let (entry, rest) = try find(arguments)
        guard entry.name == "train" else { return _ = try entry.run(rest) }
        Processes.silenceOthers()
        if try !entry.run(rest) { Console.shared.line(overview) }
    }

    /// The second words of commands whose first is this one.
    private static func subjects(of first: String) -> [String] {
        entries.map { $0.name.split(separator: " ").map(String.init) }.filter { $0.count == 2 && $0[0] == first }.map { $0[1] }
    }

    /// The command that words begin with, and those behind it.
    ///
    /// - Throws: ``CommandError`` that proposes another where there is none
    private static func find(_ words: [String]) throws(CommandError) -> (entry: CommandEntry, rest: [String]) {
        for length in [2, 1] {
            let name = words.prefix(length).joined(separator: " ")
            if let entry = entries.first(where: { $0.name == name }) { return (entry, Array(words.dropFirst(length))) }
        }
        let first = words[0]
        let subjects = subjects(of: first)
        if let subject = subjects.first {
            throw .usage("there is no `\(words.prefix(2).joined(separator: " "))`; try `lora-train \(first) \(subject)`")
        }
        let names = entries.map { String($0.name.prefix { $0 != " " }) } + ["help"]
        let hint = Spelling.nearest(to: first, among: names).map { "did you mean `lora-train \($0)`?" }
        throw .usage("there is no command '\(first)'; \(hint ?? "try `lora-train help`")")
    }

    private static func help(_ arguments: [String]) throws {
        let command = arguments.filter { $0 != "--markdown" }
        guard !command.isEmpty else { return Console.shared.line(overview) }
        guard arguments.contains("--markdown") else { return try run(command + ["--help"]) }
        Console.shared.line(try find(command).entry.markdown())
    }

    private static var overview: String {
        let lines =
            entries.map { ($0.name, $0.summary) }
            + [("help", "this text, or `help COMMAND`; `help --markdown COMMAND` prints its flags as a table")]
        let width = (lines.map(\.0.count).max() ?? 0) + 2
        return (["", "Commands"] + lines.map { "  lora-train \($0)" + String(repeating: " ", count: width - $0.count) + $1 })
            .joined(separator: "\n")
    }
}
