import Data
import Foundation
import Tensor

/// Text to ids and back, a line at a time.
struct TokenizeCommand {
    let options: TokenizeOptions

    func run() throws {
        let tokenizer = try TokenizerFolder.tokenizer(options.tokenizerPath)
        var number = 0
        while let line = readLine() {
            number += 1
            let value: JSON
            do {
                value = try JSON(parsing: line)
            } catch {
                throw CommandError.failure("standard input, line \(number): \(error.reason) at column \(error.column)")
            }
            Console.shared.line(options.decodes ? try decoded(value, number, tokenizer) : try encoded(value, number, tokenizer))
        }
    }

    private func encoded(_ value: JSON, _ line: Int, _ tokenizer: Tokenizer) throws(CommandError) -> String {
        guard let text = value.string else { throw .failure("standard input, line \(line): expected a JSON string") }
        do throws(TokenizerError) {
            return JSON.array(try tokenizer.encode(text).map { .integer(Int($0)) }).serialized
        } catch {
            throw .failure("standard input, line \(line): \(error)")
        }
    }

    private func decoded(_ value: JSON, _ line: Int, _ tokenizer: Tokenizer) throws(CommandError) -> String {
        let ids = value.array?.map { $0.integer.flatMap(Int32.init(exactly:)) }
        guard let ids, !ids.contains(nil) else {
            throw .failure("standard input, line \(line): expected a JSON array of token ids")
        }
        return JSON.string(tokenizer.decode(ids.compactMap { $0 }, skipSpecialTokens: options.skipsSpecialTokens)).serialized
    }
}
