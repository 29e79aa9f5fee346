import Foundation
import Tensor
import TestSupport
import Testing

/// Other libraries answer, in the versions that the lists ask for.
@Suite("Peers", .enabled(if: Peers.isAvailable, "\(Peers.absence)"))
struct PeerEnvironmentTests {
    @Test("The versions are those of Tests/Peers/requirements.txt")
    func versions() throws {
        let list = Paths.package.appendingPathComponent("Tests/Peers/requirements.txt")
        let pins = try String(contentsOf: list, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(pins.count >= 7)
        let versions = try Peers.run(["versions"])
        for pin in pins {
            let parts = pin.components(separatedBy: "==")
            let version = try #require(versions[parts[0]]?.string, "\(pin)")
            // A build of torch for the CPU has a local version: 2.13.0+cpu.
            #expect(version.split(separator: "+").first.map(String.init) == parts[1], "\(pin)")
        }
    }

    @Test("One that fails says why")
    func failure() throws {
        let error = try #require(throws: PeerError.self) { try Peers.run(["torch-load", "/absent.pth"]) }
        #expect(error.status == 1)
        #expect("\(error)".contains("FileNotFoundError") && "\(error)".contains("/absent.pth"))
    }

    @Test("PyTorch reads the adapter that the command trained")
    func trainedAdapter() throws {
        let example = Paths.package.appendingPathComponent("Examples/tiny").path
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let samples = try String(contentsOfFile: example + "/lora_identity.jsonl", encoding: .utf8)
            .split(separator: "\n").prefix(4).joined(separator: "\n")
        try samples.write(toFile: out + "/four.jsonl", atomically: true, encoding: .utf8)
        let run = try Command([
            "--base_path", example + "/rlhf_192.pth", "--tokenizer_path", example, "--dim", "192", "--n_layers", "4",
            "--data_path", out + "/four.jsonl", "--max_seq_len", "128", "--batch_size", "2", "--epochs", "1",
            "--dtype", "float32", "--lora_name", "four", "--out_dir", out,
        ])
        #expect(run.status == 0, "\(run.errors)")
        let path = out + "/lora/four_192.pth"
        let ours = try TensorFile.read(path)
        let theirs = try #require(try Peers.run(["torch-load", path, "--values"])["tensors"]?.array)
        #expect(theirs.map { $0.array?.first?.string } == ours.names)
        #expect(!theirs.isEmpty)
        for pair in theirs {
            let (name, tensor) = (try #require(pair.array?[0].string), try #require(pair.array?[1]))
            #expect(tensor["shape"]?.array?.map(\.integer) == ours[name]?.shape)
            let values = tensor["values"]?.array?.compactMap { $0.number.map(Float.init) }
            let floats = try ours[name]?.floats()
            #expect(values == floats && floats?.contains { $0 != 0 } == true, "\(name)")
        }
    }

    /// Both run the published model, so that a difference in ours is ours.
    @Test(
        "llama.cpp and transformers give one answer",
        .enabled(if: Peers.hasLlama && Peers.smolLM2 != nil, "\(Peers.absenceOfLlama)"))
    func agreement() throws {
        let model = try #require(Peers.smolLM2)
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Peers.run(["gguf-quantize", "--gguf", model, "--type", "F32", "--out", folder + "/float32.gguf"])
        let prompts = ["What is the capital of France?", "What is 2 + 2?"]
        let answers = try #require(
            try Peers.run(["generate", "--gguf", model, "--prompts", Peers.json(prompts), "--max-new-tokens", "16"]).array)
        #expect(
            answers.map { $0["text"]?.string }
                == ["The capital of France is Paris.", "The answer to this classic math problem is 4."])
        let ids = answers.map { $0["prompt_ids"]?.array?.compactMap(\.integer) ?? [] }
        let others = try #require(
            try Peers.run([
                "generate-llama", "--gguf", folder + "/float32.gguf", "--ids", Peers.json(ids), "--max-new-tokens", "16",
            ]).array)
        #expect(others == answers)
    }
}
