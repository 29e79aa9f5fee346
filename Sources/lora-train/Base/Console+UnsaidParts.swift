import Model

extension Console {
    /// Says what a `.pth` of a model will not tell its readers, where no settings beside it do.
    func warn(ofUnsaidParts configuration: ModelConfiguration) {
        guard !configuration.hasSettings else { return }
        let unsaid = configuration.unsaidByWeights
        guard !unsaid.isEmpty else { return }
        var advice = ["export --format huggingface writes a folder that says it"]
        if !configuration.showsHeadCount { advice.append("--n_heads \(configuration.headCount) is to be given wherever the .pth is read") }
        note(
            "warning: a .pth does not say that the model has \(unsaid.joined(separator: ", ")), and is read as MiniMind's own; "
                + advice.joined(separator: ", and "))
    }
}
