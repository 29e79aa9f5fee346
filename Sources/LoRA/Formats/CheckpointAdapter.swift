import Model
import Tensor

/// The adapter in a checkpoint of a run, as it is trained: under the model's names, its scale beside it.
enum CheckpointAdapter {
    /// - Parameter state: what the file's metadata says of the run
    static func read(_ dictionary: StateDictionary, _ state: String) throws(AdapterFileError) -> AdapterContents {
        let notes = (try? JSON(parsing: state))?["notes"]
        let recipe = notes?["recipe"]?.object ?? [:]
        var parameters = StateDictionary()
        for key in dictionary.names where key.hasPrefix(CheckpointName.parameterPrefix) {
            parameters[String(key.dropFirst(CheckpointName.parameterPrefix.count))] = dictionary[key]
        }
        guard parameters.names.contains(where: { $0.contains(".lora.") }) else {
            throw .notAnAdapter("the checkpoint is of a run that trains all parameters and has no adapter; --resume goes on from it")
        }
        guard recipe["--init_lora_weights"]?.string != "'pissa'" || recipe[startKey] != nil else {
            throw .notAnAdapter(
                "the checkpoint is of a run that PiSSA started, and lacks what was taken off the base; give the adapter that the run saved")
        }
        let provenance = notes?["provenance"]?.object
        let known = provenance.map(Provenance.init)
        var contents = try MiniMindAdapter.read(parameters, trainedTokens: known?.trainedTokens)
        for (index, module) in contents.modules.enumerated() {
            let said = module.place.flatMap { known?.scale(of: $0) }
            guard let scale = said ?? earlierScale(recipe, rank: module.rank) else {
                throw .configuration("the checkpoint does not say the adapter's scale; give the adapter that the run saved")
            }
            contents.modules[index] = AdapterContents.Module(
                name: module.name, place: module.place, a: module.a, b: module.b, magnitude: module.magnitude, scale: scale)
        }
        contents.provenance = provenance ?? recipe["the base"].map { ["base": $0] }
        return contents
    }

    /// What recipes call the adapter of `--lora_path`.
    private static let startKey = "the adapter that it starts from"

    /// The scale by the recipe, for checkpoints that do not say it themselves, as up to version 0.7.
    private static func earlierScale(_ recipe: JSONObject, rank: Int) -> Float? {
        guard recipe[startKey] == nil, let words = recipe["--lora_alpha"]?.string else { return nil }
        guard words != "—" else { return 1 }
        let isRankStabilized = recipe["--use_rslora"]?.string == "True"
        return Float(words.filter { $0 != "'" }).map { $0 / (isRankStabilized ? Float(rank).squareRoot() : Float(rank)) }
    }
}
