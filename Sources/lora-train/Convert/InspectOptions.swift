/// What `lora-train inspect` can be told.
struct InspectOptions {
    var path: String?
    var model = ModelOptions()
    var listsTensors = false
    var isJSON = false

    static var flags: FlagSet<InspectOptions> {
        var flags = FlagSet<InspectOptions>()
        flags.operand("FILE", \.path)
        flags.section("Flags")
        flags.bool("tensors", \.listsTensors, "List every tensor with its type and shape")
        flags.section("What a .pth or .safetensors is that does not say it")
        flags.sizes(\.model)
        flags.bool("use_moe", \.model.useMoE, "It has a mixture of experts")
        flags.kind(\.model)
        flags.section("Output")
        flags.bool("json", \.isJSON, "One JSON object instead of lines")
        return flags
    }
}
