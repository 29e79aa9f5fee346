import Foundation
import Tensor

/// The libraries that we compare with: `Tests/Peers/peer.py`, run by the Python that `make peers` makes.
///
/// A suite that needs them is `.enabled(if: Peers.isAvailable, "\(Peers.absence)")`.
public enum Peers {
    /// What `make peers` makes; the environment variable `LORA_TRAIN_PEERS` names another such folder.
    private static let folder: URL =
        ProcessInfo.processInfo.environment["LORA_TRAIN_PEERS"].map { URL(fileURLWithPath: $0, isDirectory: true) }
        ?? Paths.package.appendingPathComponent(".build/peers", isDirectory: true)

    /// The Python that has them.
    public static let python = folder.appendingPathComponent("venv/bin/python").path

    /// Whether there are torch, transformers, peft, safetensors, tokenizers, gguf and wandb.
    public static let isAvailable =
        exists("venv/installed.txt") && FileManager.default.isExecutableFile(atPath: python)

    /// Whether there is llama.cpp too: the commands `…-llama`, `gguf-quantize`, and the types of `gguf-make`
    /// that the gguf package only reads.
    public static let hasLlama = isAvailable && exists("venv/installed-llama.txt")

    /// Whether there is mlx-lm too: the commands `mlx-…`.
    public static let hasMLX = isAvailable && exists("venv/installed-mlx.txt")

    /// Whether there is a browser too, which `browse` opens a page in.
    public static let hasBrowser = isAvailable && exists("venv/installed-browser.txt")

    /// Whether there are the chat templates of published models too: the command `chat-templates`.
    public static let hasTemplates = isAvailable && exists("venv/installed-templates.txt")

    /// SmolLM2-135M-Instruct as GGUF (Q4_1), when it is there.
    public static let smolLM2: String? =
        exists("SmolLM2-135M-Instruct.gguf") ? folder.appendingPathComponent("SmolLM2-135M-Instruct.gguf").path : nil

    /// Why a test is skipped.
    public static let absence = "there are no peers in \(folder.path); `make peers` makes them"
    public static let absenceOfLlama = reason("llama")
    public static let absenceOfMLX = reason("mlx")
    public static let absenceOfBrowser = reason("browser")
    public static let absenceOfTemplates = reason("templates")

    /// Runs a command of `peer.py` and waits for its answer.
    ///
    /// - Throws: `PeerError` with what Python wrote when it failed.
    @discardableResult
    public static func run(_ arguments: [String]) throws -> JSON {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [Paths.package.appendingPathComponent("Tests/Peers/peer.py").path] + arguments
        let scratch = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let errorPath = scratch + "/errors"
        try Data().write(to: URL(fileURLWithPath: errorPath))
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw PeerError(
                arguments: arguments, status: process.terminationStatus,
                errors: String(decoding: try Data(contentsOf: URL(fileURLWithPath: errorPath)), as: UTF8.self))
        }
        return try JSON(parsing: answer)
    }

    /// Runs a command that writes a safetensors file to `--out`, and reads that file.
    public static func tensors(_ arguments: [String]) throws -> StateDictionary {
        let scratch = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let path = scratch + "/out.safetensors"
        try run(arguments + ["--out", path])
        return try TensorFile.read(path)
    }

    /// Runs commands one after the other in one Python, whose start takes longer than most of them.
    ///
    /// - Returns: the answer of each
    public static func run(each commands: [[String]]) throws -> [JSON] {
        let scratch = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let path = scratch + "/commands.json"
        try Data(json(commands).utf8).write(to: URL(fileURLWithPath: path))
        return try run(["each", "--commands", "@" + path]).array ?? []
    }

    /// Runs commands in one Python, and reads what they wrote to `--out`.
    ///
    /// - Parameter first: run before them, for what they write where they are told to
    /// - Returns: the tensors of each of `commands`
    public static func tensors(each commands: [[String]], after first: [[String]] = []) throws -> [StateDictionary] {
        let scratch = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let paths = commands.indices.map { "\(scratch)/\($0).safetensors" }
        _ = try run(each: first + zip(commands, paths).map { $0 + ["--out", $1] })
        return try paths.map(TensorFile.read)
    }

    /// An argument of JSON: rows of ids, texts, entries of a configuration.
    public static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    private static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(path).path)
    }

    private static func reason(_ name: String) -> String {
        guard isAvailable else { return absence }
        let note = try? String(contentsOf: folder.appendingPathComponent("venv/missing-\(name).txt"), encoding: .utf8)
        return note?.trimmingCharacters(in: .newlines) ?? "\(name) is not in \(folder.path); `make peers` installs it"
    }
}

/// A command of `peer.py` that did not end well.
public struct PeerError: Error, CustomStringConvertible {
    public let arguments: [String]
    public let status: Int32
    /// What it wrote to standard error.
    public let errors: String

    public var description: String {
        "peer.py \(arguments.joined(separator: " ")) ended with status \(status):\n\(errors)"
    }
}
