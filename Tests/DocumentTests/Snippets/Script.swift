// Docs/Guide.md: a script from the base to the adapter, and what can be done beside it. A document's block stands here as
// it is there, with what it takes from elsewhere as parameters.
import LoRATrain

func script() throws {
    Parallel.threads = Parallel.cores
    let model = try LanguageModel(contentsOf: "Examples/tiny/rlhf_192.pth")
    let tokenizer = try Tokenizer(folder: "Examples/tiny")
    let dataset = try SFTDataset(path: "Examples/tiny/lora_identity.jsonl", tokenizer: tokenizer, maxSequenceLength: 512)
    let adapter = try LoRAAdapter(on: model, LoRAConfiguration(rank: 16))
    let loader = DataLoader(dataset, batchSize: 16, order: .shuffled(seed: 1337), workers: 1)
    let epochs = 15
    let schedule = CosineSchedule(baseRate: 2e-3, totalSteps: epochs * loader.batchesPerEpoch)
    let optimizer = AdamW(adapter.parameters.map(\.tensor))
    let trainer = Trainer(
        NextTokenLoss(model), parameters: adapter.parameters, optimizer: optimizer, schedule: schedule,
        configuration: TrainerConfiguration())
    try trainer.fit(loader, epochs: epochs) { report in
        if report.stepInEpoch == 0 { print("epoch \(report.epoch + 1): loss \(report.loss ?? .nan)") }
    }
    try adapter.write(to: "out/identity_192.pth")
}

func asking(model: LanguageModel, tokenizer: Tokenizer) throws {
    let template = try ChatTemplate(source: tokenizer.chatTemplate ?? "")
    let prompt = try template.render(
        messages: [Message(role: "user", content: "Who are you?")], addGenerationPrompt: true,
        bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken)
    let answer = try model.generate(from: tokenizer.encode(prompt), maximumTokens: 60, ends: tokenizer.endIDs)
    print(tokenizer.decode(answer, skipSpecialTokens: true))
}

func modules(model: LanguageModel) throws -> LoRAAdapter {
    var configuration = LoRAConfiguration(
        targets: ModuleTargets(parsing: "q_proj,v_proj,mlp"),
        rank: PerModule(8, [.init(.pattern("layers.0.*"), 32), .init(.mlp, 4)]), alpha: PerModule(16))
    configuration.usesRankStabilizedScale = true
    configuration.dropout = 0.05
    let adapter = try LoRAAdapter(on: model, configuration, seed: 7)
    return adapter
}

func groups(adapter: LoRAAdapter) -> AdamW {
    let groups = adapter.parameterGroups(rateRatio: 16).map { ParameterGroup($0.parameters, rateFactor: $0.rateFactor) }
    var optimizer = AdamW(groups: groups)
    optimizer.weightDecay = 0
    return optimizer
}

func settings() -> TrainerConfiguration {
    var configuration = TrainerConfiguration()
    configuration.precision = .float32
    configuration.accumulationSteps = 4
    configuration.lossReduction = .token
    configuration.gradientClip = 0.5
    return configuration
}

func callbacks(trainer: Trainer<NextTokenLoss>, loader: DataLoader<SFTDataset>, epochs: Int) throws {
    var (best, stepsSince) = (Float.infinity, 0)
    let isComplete = try trainer.fit(loader, epochs: epochs) { report in
        guard let loss = report.loss else { return }
        stepsSince = loss < best ? 0 : stepsSince + 1
        best = min(best, loss)
    } isStopping: {
        stepsSince >= 20
    }
    print(isComplete ? "trained to the end" : "stopped: no lower loss for 20 steps")
}

func resuming(trainer: Trainer<NextTokenLoss>, loader: DataLoader<SFTDataset>, epochs: Int) throws {
    let checkpoints = CheckpointFolder(path: "out/identity_192.checkpoints")
    if let newest = checkpoints.newest().checkpoint { try trainer.restore(newest) }
    try trainer.fit(
        loader, epochs: epochs,
        onEpoch: { _ in
            let path = checkpoints.path(ofSteps: trainer.optimizer.stepCount)
            try trainer.writeCheckpoint(to: path)
            checkpoints.prune(keeping: path)
        })
}

func formats(adapter: LoRAAdapter, model: LanguageModel) throws {
    try adapter.write(to: "out/identity-peft", as: .peft)
    let same = try AdapterFile.read("out/identity-peft", for: model.configuration)
    try AdapterFile.write(same, as: .gguf, to: "out/identity.gguf", for: model.configuration)
}

func ownFormat(adapter: LoRAAdapter) throws {
    var file = SafetensorsWriter(metadata: ["made by": "my script"])
    for (linear, update) in adapter.updates {
        let (a, b) = (update.factors.a, update.factors.b)
        file.add("\(linear.name).down", shape: a.shape, as: .float16) { () throws(TensorFileError) in a }
        file.add("\(linear.name).up", shape: b.shape, as: .float16) { () throws(TensorFileError) in b }
    }
    try file.write(to: "out/identity.safetensors")
}

func ownFormatBack(model: LanguageModel) throws -> LoRAAdapter {
    let tensors = try TensorFile.read("out/identity.safetensors")
    let modules = model.linears.compactMap { linear -> AdapterState.Module? in
        guard let a = tensors["\(linear.name).down"], let b = tensors["\(linear.name).up"] else { return nil }
        return AdapterState.Module(place: linear.place, a: a, b: b)
    }
    let adapter = try LoRAAdapter(on: model, AdapterState(modules: modules, rotaryLayout: model.configuration.rotaryLayout))
    return adapter
}

func merging(adapter: LoRAAdapter, model: LanguageModel) throws {
    adapter.merge()
    try model.saved(as: .float16).write(to: "out/merged_192.pth")
    adapter.unmerge()
}

func severalAdapters(model: LanguageModel) throws {
    let adapters = AdapterSet(on: model)
    for name in ["style", "facts"] {
        try adapters.load(name, AdapterFile.read("out/\(name)_192.pth", for: model.configuration))
    }
    try adapters.activate(["style": 0.7, "facts": 0.3])
}

func processes(dataset: SFTDataset, model: LanguageModel, adapter: LoRAAdapter, optimizer: AdamW, epochs: Int) throws {
    let processes = try DistributedStart.communicator()
    if let share = try ProcessorShare.claim(among: processes) { Parallel.threads = share.threads }
    let loader = DataLoader(dataset, batchSize: 16, shard: Shard(rank: processes.rank, count: processes.count))
    let schedule = CosineSchedule(baseRate: 2e-3, totalSteps: epochs * loader.batchesPerEpoch)
    let trainer = Trainer(
        NextTokenLoss(model), parameters: adapter.parameters, optimizer: optimizer, schedule: schedule,
        configuration: TrainerConfiguration(), communicator: processes)
    try trainer.fit(loader, epochs: epochs)
    if processes.rank == 0 { try adapter.write(to: "out/identity_192.pth") }
    processes.finish()
}

func anyBase() throws {
    let base = try ModelFile.open("model.gguf")
    let model = try LanguageModel(base)
    let tokenizer =
        switch base.tokenizer {
        case .gguf(let metadata): try Tokenizer(gguf: metadata, name: base.path)
        case .folder(let folder): try Tokenizer(folder: folder)
        case nil: try Tokenizer(folder: "model/minimind_tokenizer")
        }
    _ = (model, tokenizer)
}
