// Docs/Guide.md: measuring on samples that are held out of the training.
import LoRATrain

func evaluating(
    dataset: SFTDataset, model: LanguageModel, adapter: LoRAAdapter, optimizer: AdamW, epochs: Int
) throws {
    let choice = HoldOut(0.1, of: dataset.count, seed: 1337)
    let loader = DataLoader(Subset.kept(choice, of: dataset), batchSize: 16, order: .shuffled(seed: 1337))
    let evaluator = Evaluator(Subset.heldOut(choice, of: dataset), batchSize: 16, precision: .bfloat16)
    let schedule = CosineSchedule(baseRate: 2e-3, totalSteps: epochs * loader.batchesPerEpoch)
    let trainer = Trainer(
        NextTokenLoss(model), parameters: adapter.parameters, optimizer: optimizer, schedule: schedule,
        configuration: TrainerConfiguration())
    var best = Double.infinity
    try trainer.fit(
        loader, epochs: epochs,
        onEpoch: { epoch in
            guard let (result, _) = try evaluator.evaluate(model) else { return }
            print("epoch \(epoch): loss \(result.loss), perplexity \(result.perplexity)")
            guard result.loss < best else { return }
            best = result.loss
            try adapter.write(to: "out/identity_192.best.pth")
        })
}
