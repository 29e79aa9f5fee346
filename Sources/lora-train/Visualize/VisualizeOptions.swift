/// What `lora-train visualize` can be told.
struct VisualizeOptions {
    var model = ModelOptions()
    var output: String?
    var maximumSide = 1024

    static var flags: FlagSet<VisualizeOptions> {
        var flags = FlagSet<VisualizeOptions>()
        flags.section("What is drawn")
        flags.filePath("lora_path", \.model.loraPath, "Adapter, of any format")
        flags.filePath("out", \.output, "Folder that the pictures are written to")
        flags.integer(
            "max_side", \.maximumSide, atLeast: 0,
            "Pixels of a heat map's longer side; of a larger matrix a pixel shows the largest of several entries. 0 for a pixel an entry")
        flags.section("The base, for norms in relation to its weights and for DoRA; without one the adapter is looked at alone")
        flags.filePath("out_dir", \.model.outDir, "Folder of the base weights")
        flags.sizes(\.model)
        flags.bool("use_moe", \.model.useMoE, "A base with a mixture of experts")
        flags.model(\.model)
        return flags
    }
}
