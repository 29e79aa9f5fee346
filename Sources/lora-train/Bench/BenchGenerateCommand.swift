import Model
import Tensor

/// Times the writing of tokens, one at a time.
struct BenchGenerateCommand {
    let options: BenchOptions

    func run() throws {
        try options.model.computing(options.dtype) {
            let model = try options.benchedModel()
            let prompt = (1...32).map { Int32($0) }
            try model.generate(from: prompt, maximumTokens: 8)
            let start = ContinuousClock.now
            try model.generate(from: prompt, maximumTokens: options.generatedTokens)
            let rate = Double(options.generatedTokens) / ((ContinuousClock.now - start) / .seconds(1))
            let report: JSON = [
                "tokens_per_second": .number(rate), "tokens": .integer(options.generatedTokens),
                "peak_memory_bytes": .integer(ProcessClock.peakMemory),
            ]
            Console.shared.line(
                options.isJSON ? report.serialized : "\(Int(rate)) tokens/s, \(options.generatedTokens) tokens one at a time")
        }
    }
}
