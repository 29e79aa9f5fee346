/// What `lora-train inspect` can be told.
struct InspectOptions {
    var path: String?
    var listsTensors = false
    var isJSON = false

    static var flags: FlagSet<InspectOptions> {
        var flags = FlagSet<InspectOptions>()
        flags.operand("FILE", \.path)
        flags.section("Flags")
        flags.bool("tensors", \.listsTensors, "List every tensor with its type and shape")
        flags.bool("json", \.isJSON, "One JSON object instead of lines")
        return flags
    }
}
