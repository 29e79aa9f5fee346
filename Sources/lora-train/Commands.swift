import Foundation
import Training

/// The commands by name; without one, `train`.
enum Commands {
    private static let summaries = [
        ("train", "fine-tune a base with LoRA (the default)"),
        ("generate", "answer prompts, with or without an adapter"),
        ("chat", "talk with the model, with or without adapters"),
        ("eval", "loss and perplexity on given data, with and without an adapter"),
        ("merge", "write a base with adapters merged in, as a .pth, a Hugging Face folder or a GGUF"),
        ("export", "write a model or an adapter for other tools: Hugging Face, GGUF, PEFT, MLX, llama.cpp"),
        ("verify", "compare the logits of two models, with or without adapters"),
        ("inspect", "say what is in a file or folder: model, adapter, checkpoint, types, sizes"),
        ("report", "make the page that shows a run again, or lay several side by side"),
        ("visualize", "draw what an adapter changes: a heat map a module and an overview, as PNG files"),
        ("data", "show what each sample trains on"),
        ("tokenize", "JSON strings to token ids, a line each; --decode the reverse"),
        ("doctor", "look at the machine and the build: what is broken or slow here, and what to do"),
        ("bench", "time a training step, generation, the tokenizer or sums over processes: bench step, generate, tokenizer or allreduce"),
        ("help", "this text, or `help COMMAND`; `help --markdown COMMAND` prints its flags as a table"),
    ]

    static func run(_ arguments: [String]) throws {
        if arguments == ["--version"] { return Console.shared.line("lora-train \(Release.version)") }
        guard let first = arguments.first, !first.hasPrefix("-") else { return try train(arguments) }
        let rest = Array(arguments.dropFirst())
        switch first {
        case "train": try train(rest)
        case "generate":
            try parse(rest, GenerateOptions(), GenerateOptions.flags, first) { try GenerateCommand(options: $0).run() }
        case "chat": try parse(rest, ChatOptions(), ChatOptions.flags, first) { try ChatCommand(options: $0).run() }
        case "eval": try parse(rest, EvaluateOptions(), EvaluateOptions.flags, first) { try EvaluateCommand(options: $0).run() }
        case "merge", "export": try parse(rest, ExportOptions(), ExportOptions.flags, first) { try ExportCommand(options: $0).run(first) }
        case "verify": try parse(rest, VerifyOptions(), VerifyOptions.flags, first) { try VerifyCommand(options: $0).run() }
        case "inspect": try parse(rest, InspectOptions(), InspectOptions.flags, first) { try InspectCommand(options: $0).run() }
        case "report": try parse(rest, ReportOptions(), ReportOptions.flags, first) { try ReportCommand(options: $0).run() }
        case "visualize":
            try parse(rest, VisualizeOptions(), VisualizeOptions.flags, first) { try VisualizeCommand(options: $0).run() }
        case "data": try parse(rest, DataOptions(), DataOptions.flags, first) { try DataCommand(options: $0).run() }
        case "tokenize":
            try parse(rest, TokenizeOptions(), TokenizeOptions.flags, first) { try TokenizeCommand(options: $0).run() }
        case "doctor": try parse(rest, DoctorOptions(), DoctorOptions.flags, first) { try DoctorCommand(options: $0).run() }
        case "bench": try bench(rest)
        case "help": try help(rest)
        default:
            let hint = Spelling.nearest(to: first, among: summaries.map(\.0)).map { "did you mean `lora-train \($0)`?" }
            throw CommandError.usage("there is no command '\(first)'; \(hint ?? "try `lora-train help`")")
        }
    }

    private static func train(_ arguments: [String]) throws {
        Processes.silenceOthers()
        try parse(arguments, TrainOptions(), TrainOptions.flags, "train") { try TrainCommand(options: $0).run() }
    }

    private static func bench(_ arguments: [String]) throws {
        let subject = arguments.first.flatMap { $0.hasPrefix("-") ? nil : BenchSubject(rawValue: $0) }
        guard let subject else {
            if arguments.isEmpty || arguments == ["--help"] || arguments == ["-h"] {
                return Console.shared.line(
                    "lora-train bench SUBJECT, which is one of: "
                        + BenchSubject.allCases.map(\.rawValue).joined(separator: ", ") + "; SUBJECT --help lists its flags")
            }
            throw CommandError.usage("there is no `bench \(arguments[0])`; try `lora-train bench step`")
        }
        let rest = Array(arguments.dropFirst())
        let name = "bench \(subject.rawValue)"
        switch subject {
        case .step: try parse(rest, BenchOptions(), BenchOptions.stepFlags, name) { try BenchStepCommand(options: $0).run() }
        case .generate:
            try parse(rest, BenchOptions(), BenchOptions.generateFlags, name) { try BenchGenerateCommand(options: $0).run() }
        case .tokenizer:
            try parse(rest, BenchOptions(), BenchOptions.tokenizerFlags, name) { try BenchTokenizerCommand(options: $0).run() }
        case .allreduce:
            try parse(rest, BenchOptions(), BenchOptions.allreduceFlags, name) { try BenchAllreduceCommand(options: $0).run() }
        }
    }

    private static func parse<Options>(
        _ arguments: [String], _ defaults: Options, _ flags: FlagSet<Options>, _ command: String,
        _ body: (Options) throws -> Void
    ) throws {
        var options = defaults
        if try flags.parse(arguments, into: &options, command: command) {
            let summary = summaries.first { command.split(separator: " ").first.map(String.init) == $0.0 }?.1 ?? ""
            let operands = flags.operands.map { " \($0.name)\($0.isRepeated ? "…" : "")" }.joined()
            Console.shared.line("lora-train \(command)\(operands): \(summary)\n" + flags.help(defaults, width: Console.shared.width))
            if command == "train" { Console.shared.line(overview) }
        } else {
            try body(options)
        }
    }

    private static func help(_ arguments: [String]) throws {
        let wantsMarkdown = arguments.contains("--markdown")
        guard let command = arguments.first(where: { $0 != "--markdown" }) else { return Console.shared.line(overview) }
        guard wantsMarkdown else { return try run([command, "--help"]) }
        switch command {
        case "train": Console.shared.line(TrainOptions.flags.markdown(TrainOptions()))
        case "generate": Console.shared.line(GenerateOptions.flags.markdown(GenerateOptions()))
        case "chat": Console.shared.line(ChatOptions.flags.markdown(ChatOptions()))
        case "eval": Console.shared.line(EvaluateOptions.flags.markdown(EvaluateOptions()))
        case "merge", "export": Console.shared.line(ExportOptions.flags.markdown(ExportOptions()))
        case "verify": Console.shared.line(VerifyOptions.flags.markdown(VerifyOptions()))
        case "inspect": Console.shared.line(InspectOptions.flags.markdown(InspectOptions()))
        case "report": Console.shared.line(ReportOptions.flags.markdown(ReportOptions()))
        case "visualize": Console.shared.line(VisualizeOptions.flags.markdown(VisualizeOptions()))
        case "data": Console.shared.line(DataOptions.flags.markdown(DataOptions()))
        case "bench": Console.shared.line(BenchOptions.stepFlags.markdown(BenchOptions()))
        case "doctor": Console.shared.line(DoctorOptions.flags.markdown(DoctorOptions()))
        case "tokenize": Console.shared.line(TokenizeOptions.flags.markdown(TokenizeOptions()))
        default: throw CommandError.usage("there is no command '\(command)'; try `lora-train help`")
        }
    }

    private static var overview: String {
        let names = summaries.map { "  lora-train \($0.0)" + String(repeating: " ", count: 10 - $0.0.count) + $0.1 }
        return (["", "Commands"] + names).joined(separator: "\n")
    }
}
