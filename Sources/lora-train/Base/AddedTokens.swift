import Data
import Foundation
import LoRA
import Tensor

/// Tokens beyond those of a base's tokenizer: those that a run adds, or that adapters were trained with.
struct AddedTokens {
    /// The tokens, with the ids that an adapter knows them by.
    private(set) var items: [(token: AddedToken, id: Int32?)] = []

    /// No tokens.
    init() {}

    /// The tokens of `--add_tokens`.
    ///
    /// - Throws: `TokenizerError` with the file and the line
    init(file path: String) throws {
        items = try AddedTokenFile.read(path).map { ($0, nil) }
    }

    /// The tokens that adapters were trained with, each once.
    ///
    /// - Throws: ``CommandError`` where a file says them wrong; files that are no adapters are passed over here
    init(adapters paths: [String]) throws {
        for path in paths {
            guard let summary = try? AdapterFile.inspect(path), let provenance = summary.provenance.map(Provenance.init) else { continue }
            for json in provenance.addedTokens {
                var fields = json.object ?? [:]
                let id = fields["id"]?.integer.flatMap { Int32(exactly: $0) }
                fields["id"] = nil
                let token: AddedToken
                do {
                    token = try AddedToken(json: .object(fields))
                } catch {
                    throw CommandError.failure("\(path): \(error)")
                }
                if items.contains(where: { $0.token == token && $0.id == id }) { continue }
                items.append((token, id))
            }
        }
    }

    var isEmpty: Bool { items.isEmpty }

    /// Whether others are among these.
    func contain(_ others: AddedTokens) -> Bool {
        others.items.allSatisfy { other in items.contains { $0.token == other.token } }
    }

    /// The tokenizer with these tokens.
    ///
    /// - Throws: ``CommandError`` where a token has another id here than the one that an adapter was trained with
    func added(to tokenizer: Tokenizer) throws -> Tokenizer {
        if isEmpty { return tokenizer }
        let (enlarged, ids) = try tokenizer.adding(items.map(\.token))
        for ((token, known), id) in zip(items, ids) {
            guard let known, known != id else { continue }
            throw CommandError.failure(
                "the adapter was trained with '\(token.content)' as token \(known), which is token \(id) of this tokenizer; "
                    + "give the tokenizer that it was trained with, with --tokenizer_path")
        }
        return enlarged
    }

    /// Their ids in the tokenizer that they are added to.
    ///
    /// - Returns: the ids of tokens that it did not have, and of those that it had
    func ids(in tokenizer: Tokenizer) throws -> (new: [Int32], known: [Int32]) {
        if isEmpty { return ([], []) }
        let ids = try tokenizer.adding(items.map(\.token)).ids
        let known = items.map { tokenizer.id(of: $0.token.content) != nil }
        return (zip(ids, known).filter { !$0.1 }.map(\.0), zip(ids, known).filter(\.1).map(\.0))
    }

    /// As an adapter's file keeps them.
    ///
    /// - Parameter tokenizer: the one that they are added to
    func json(in tokenizer: Tokenizer) throws -> [JSON] {
        if isEmpty { return [] }
        return zip(items, try tokenizer.adding(items.map(\.token)).ids).map { item, id in
            var fields: JSONObject = ["id": .integer(Int(id))]
            for (key, value) in item.token.json.object ?? [:] { fields[key] = value }
            return .object(fields)
        }
    }
}
