import Data
import Foundation
import Tensor

/// Times the tokenizer on one thread.
struct BenchTokenizerCommand {
    let options: BenchOptions

    func run() throws {
        let tokenizer = try Tokenizer(folder: try ModelOptions.tokenizerFolder(options.model.tokenizerPath, besides: nil))
        guard let path = options.dataPath else { throw CommandError.usage("bench tokenizer needs --data_path, a text") }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandError.failure("\(path): no such file, or it cannot be read")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
        var rates: [Double] = []
        var tokens = 0
        for _ in 0..<3 {
            let start = ContinuousClock.now
            tokens = lines.reduce(0) { $0 + tokenizer.encode($1).count }
            rates.append(Double(bytes.count) / 1e6 / ((ContinuousClock.now - start) / .seconds(1)))
        }
        let rate = rates.sorted()[1]
        let report: JSON = [
            "megabytes_per_second": .number(rate), "bytes": .integer(bytes.count), "tokens": .integer(tokens),
        ]
        Console.shared.line(
            options.isJSON ? report.serialized : String(format: "%.1f MB/s, %d bytes to %d tokens", rate, bytes.count, tokens))
    }
}
