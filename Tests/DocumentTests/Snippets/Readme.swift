// README.md: as a library.
import LoRATrain

func library() throws {
    Parallel.threads = Parallel.cores
    let tokenizer = try Tokenizer(folder: "model/minimind_tokenizer")
    let base = try ModelFile.open("out/rlhf_512.pth")  // or a Hugging Face folder, or a GGUF
    let model = try LanguageModel(base, linearPrecision: .bfloat16)
    let adapter = try LoRAAdapter(on: model, LoRAConfiguration(rank: 16))
    let dataset = try SFTDataset(path: "my.jsonl", tokenizer: tokenizer, maxSequenceLength: 512)
    let loader = DataLoader(dataset, batchSize: 16, workers: 1)
    let trainer = Trainer(  // trainer.writeCheckpoint(to:) and restore(_:) cut it short and go on
        NextTokenLoss(model), parameters: adapter.parameters, optimizer: AdamW(adapter.parameters.map(\.tensor)),
        schedule: CosineSchedule(baseRate: 5e-5, totalSteps: 10 * loader.batchesPerEpoch), configuration: TrainerConfiguration())
    try trainer.fit(loader, epochs: 10)
    try adapter.write(to: "out/lora/my_512.pth")
}
