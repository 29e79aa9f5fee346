/// What `lora-train verify` can be told.
struct VerifyOptions {
    var model = ModelOptions()
    var path: String?
    var otherPath: String?
    var otherLoRAPath: String?
    var tolerance = 1e-3

    static var flags: FlagSet<VerifyOptions> {
        var flags = FlagSet<VerifyOptions>()
        flags.operand("MODEL", \.path)
        flags.operand("OTHER", \.otherPath)
        flags.section("What is compared")
        flags.filePath("lora_path", \.model.loraPath, "Adapter on the first model, or several as path@weight joined by commas")
        flags.filePath("other_lora_path", \.otherLoRAPath, "Adapter on the second, likewise")
        flags.number(
            "tolerance", \.tolerance, in: 0...1, "a number from 0 to 1",
            "Relative error of the logits above which the command fails; 16-bit weights need about 0.01, q8_0 0.05")
        flags.integer("threads", \.model.threads, atLeast: 0, "Threads that compute; 0 for one a core")
        flags.choice("matmul", \.model.matmul, "Matrix product: auto, openblas, onednn or portable")
        flags.bool("force", \.model.forcesAdapter, "Take an adapter that was trained on another base")
        flags.section("What a .pth or .safetensors is that does not say it")
        flags.sizes(\.model)
        flags.bool("use_moe", \.model.useMoE, "It has a mixture of experts")
        flags.kind(\.model)
        return flags
    }
}
