import Data
import Foundation
import Tensor

/// Times the tokenizer on one thread.
struct BenchTokenizerCommand {
    let options: BenchOptions

    func run() throws {
        let tokenizer = try TokenizerFolder.tokenizer(options.model.tokenizerPath)
        guard let path = options.dataPath else { throw CommandError.usage("bench tokenizer needs --data_path, a text") }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandError.failure("\(path): no such file, or it cannot be read")
        }
        // Lines with their ends, so that all bytes are encoded.
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let lines = parts.dropLast().map { String($0) + "\n" } + parts.suffix(1).filter { !$0.isEmpty }.map(String.init)
        let start = ContinuousClock.now
        var tokens = 0
        for line in lines { tokens += try tokenizer.encode(line).count }
        let rate = Double(bytes.count) / 1e6 / ((ContinuousClock.now - start) / .seconds(1))
        let report: JSON = [
            "megabytes_per_second": .number(rate), "bytes": .integer(bytes.count), "tokens": .integer(tokens),
        ]
        Console.shared.line(
            options.isJSON ? report.serialized : String(format: "%.1f MB/s, %d bytes to %d tokens", rate, bytes.count, tokens))
    }
}
