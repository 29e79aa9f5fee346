import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

@Suite("Adapters that are trained on")
struct TrainedScaleTests {
    let folder: String
    let configuration: ModelConfiguration

    init() throws {
        folder = try Paths.temporaryFolder()
        configuration = try Golden(case: "v2-dense").configuration
    }

    /// An adapter of these scales that says so, as a training leaves it.
    private func trained(_ scales: [Float]) -> AdapterState {
        var state = AdapterState.random(on: configuration, scales: scales)
        let byLayer = state.modules.map { (ParameterNaming.huggingFace.moduleName(of: $0.place), $0.scale) }
        state.provenance =
            Provenance(
                scale: scales.count == 1 ? scales[0] : nil, scales: scales.count == 1 ? [:] : Dictionary(uniqueKeysWithValues: byLayer)
            ).json
        return state
    }

    @Test(
        "They go on at their scale, out of every format, and are saved as they were read, bit for bit",
        arguments: AdapterFormat.allCases, [[4], [3], [0.1], [1], [2, 3]] as [[Float]])
    func scales(_ format: AdapterFormat, _ scales: [Float]) throws {
        let state = trained(scales)
        let (first, second, third) = (folder + "/first.pth", folder + "/second", folder + "/third.pth")
        try AdapterFile.write(state, as: .minimind, to: first, for: configuration)
        // What is written from a file whose B holds the scale.
        let plain = try AdapterFile.read(first, for: configuration)
        #expect(plain.modules.allSatisfy { $0.scale == 1 })
        try AdapterFile.write(plain, as: format, to: second, for: configuration)
        let (found, source) = try AdapterFile.readToTrain(second, for: configuration)
        #expect(found.modules.map(\.scale) == state.modules.map(\.scale))
        let isExact = scales.allSatisfy { $0.significand == 1 }
        #expect(source == .provenance(isExact: isExact))
        if isExact { #expect(found.hasSameFactors(as: state)) }
        for (one, other) in zip(found.modules, state.modules) {
            #expect(zip(try one.b.floats(), try other.b.floats()).allSatisfy { abs($0 - $1) <= abs($1) * 0x1p-22 })
        }
        try AdapterFile.write(found, as: .minimind, to: third, for: configuration)
        #expect(try AdapterFile.read(third, for: configuration).hasSameFactors(as: plain))
    }

    @Test("A configuration's own scale counts, and without provenance there is none")
    func withoutProvenance() throws {
        var state = AdapterState.random(on: configuration, scales: [4])
        for format in AdapterFormat.allCases {
            let path = folder + "/" + format.rawValue
            try AdapterFile.write(state, as: format, to: path, for: configuration)
            let (found, source) = try AdapterFile.readToTrain(path, for: configuration)
            #expect(source == (format == .minimind ? .unsaid : .file))
            #expect(found.modules.allSatisfy { $0.scale == (format == .minimind ? 1 : 4) })
        }
        // Who has another one written into the configuration means that.
        state.provenance = Provenance(scale: 1).json
        for format in [AdapterFormat.peft, .mlx] {
            try AdapterFile.write(state, as: format, to: folder + "/edited", for: configuration)
            let (found, source) = try AdapterFile.readToTrain(folder + "/edited", for: configuration)
            #expect(source == .file && found.hasSameFactors(as: state))
        }
    }

    @Test("A scale that no training has is passed over", arguments: [0, -4, .leastNonzeroMagnitude, .nan, .infinity] as [Float])
    func unusable(_ scale: Float) throws {
        var state = AdapterState.random(on: configuration)
        state.provenance = ["scale": .number(Double(scale))]
        let path = folder + "/a.pth"
        try AdapterFile.write(state, as: .minimind, to: path, for: configuration)
        let (found, source) = try AdapterFile.readToTrain(path, for: configuration)
        #expect(source == .unsaid && found.hasSameFactors(as: state))
    }

    // MARK: - Checkpoints

    /// A checkpoint as a run writes it.
    private func writeCheckpoint(_ state: AdapterState, _ notes: JSONObject, to path: String) throws {
        var dictionary = StateDictionary()
        for module in state.modules {
            let name = configuration.naming.moduleName(of: module.place)
            for (part, tensor) in [("A.weight", module.a), ("B.weight", module.b)] {
                dictionary["parameter.\(name).lora.\(part)"] = tensor
                dictionary["mean.\(name).lora.\(part)"] = tensor
            }
        }
        dictionary.metadata["lora-train.checkpoint"] = JSON.object(["notes": .object(notes)]).serialized
        try SafetensorsFile.write(dictionary, to: path)
    }

    @Test("The adapter of a checkpoint, or of the newest in a folder", arguments: [[4], [2, 3]] as [[Float]])
    func checkpoint(_ scales: [Float]) throws {
        let state = trained(scales)
        let notes: JSONObject = ["provenance": state.provenance.map(JSON.object) ?? .null]
        try FileManager.default.createDirectory(atPath: folder + "/c", withIntermediateDirectories: true)
        try writeCheckpoint(.random(on: configuration, ranks: [2]), notes, to: folder + "/c/checkpoint-9.safetensors")
        let newest = folder + "/c/checkpoint-10.safetensors"
        try writeCheckpoint(state, notes, to: newest)
        for path in [newest, folder + "/c"] {
            #expect(try AdapterFile.read(path, for: configuration).hasSameFactors(as: state))
            let (found, source) = try AdapterFile.readToTrain(path, for: configuration)
            #expect(source == .provenance(isExact: true) && found.hasSameFactors(as: state))
            #expect(try AdapterFile.inspect(path).scales == scales)
        }
    }

    @Test("A checkpoint of version 0.7 has its scale in its recipe")
    func earlierCheckpoints() throws {
        let state = AdapterState.random(on: configuration, ranks: [4])
        let path = folder + "/checkpoint-1.safetensors"
        for (recipe, scale) in [
            (["--lora_alpha": "—"], 1), (["--lora_alpha": "'8'"], 2), (["--lora_alpha": "'8'", "--use_rslora": "True"], 4),
        ] as [(JSONObject, Float)] {
            try writeCheckpoint(state, ["recipe": .object(recipe)], to: path)
            #expect(try AdapterFile.read(path, for: configuration).modules.allSatisfy { $0.scale == scale })
        }
        for (recipe, word) in [
            (["--lora_alpha": "'wq=8'"], "scale"), (["--lora_alpha": "—", "the adapter that it starts from": "x"], "scale"),
            (["--lora_alpha": "—", "--init_lora_weights": "'pissa'"], "PiSSA"), ([:], "scale"),
        ] as [(JSONObject, String)] {
            try writeCheckpoint(state, ["recipe": .object(recipe)], to: path)
            let error = #expect(throws: AdapterFileError.self) { try AdapterFile.read(path, for: configuration) }
            #expect(error?.description.contains(word) == true)
        }
    }

    @Test("A checkpoint of all parameters has no adapter")
    func wholeModel() throws {
        var dictionary = StateDictionary()
        dictionary["parameter.model.norm.weight"] = StoredTensor(shape: [1], floats: [1])
        dictionary.metadata["lora-train.checkpoint"] = "{}"
        let path = folder + "/checkpoint-1.safetensors"
        try SafetensorsFile.write(dictionary, to: path)
        let error = #expect(throws: AdapterFileError.self) { try AdapterFile.read(path, for: configuration) }
        #expect(error?.description.contains("trains all parameters") == true)
    }
}
