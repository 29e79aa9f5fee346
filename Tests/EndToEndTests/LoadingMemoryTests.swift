import Foundation
import Model
import Tensor
import TestSupport
import Testing

@Suite("Memory of loading, end to end")
struct LoadingMemoryTests {
    @Test(
        "A file of 380 MB takes the memory of the model and not that of the file besides",
        .disabled(if: Sanitizer.isOn, "\(Sanitizer.memory)"),
        .enabled(if: Self.multipliesBFloat16, "this processor has no products of bfloat16, and linear weights are kept in float32"),
        arguments: ["pth", "safetensors"])
    func peak(_ ending: String) throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/base." + ending
        let configuration = try ModelConfiguration(dim: 1024)
        var weights = StateDictionary()
        configuration.forEachParameter { place, shape in
            weights[ParameterNaming.classic.parameterName(of: place)] = StoredTensor(
                shape: shape, floats: [Float](repeating: 0.01, count: shape.reduce(1, *)))
        }
        if ending == "pth" {
            try PyTorchFile.write(weights, to: path)
        } else {
            try SafetensorsFile.write(weights, to: path)
        }
        let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        try #require(size > 360_000_000)
        // Linear weights in bfloat16, the embedding in float32 and, for the output, packed: 0.57 of the file.
        let run = try Command(["bench", "generate", "--base_path", path, "--dim", "1024", "--tokens", "1", "--dtype", "bfloat16", "--json"])
        let peak = try #require(try JSON(parsing: run.output)["peak_memory_bytes"]?.integer)
        #expect(Double(peak) < 0.57 * Double(size) + 80e6, "\(peak) bytes for a file of \(size)")
    }

    /// Whether linear weights are kept in bfloat16: where the processor multiplies them, by the flags that Linux names.
    private static var multipliesBFloat16: Bool {
        guard let facts = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return true }
        return ["avx512_bf16", "amx_bf16", " bf16"].contains { facts.contains($0) }
    }
}
