import Tensor

/// The third stage: merges the bytes of a word into tokens, the pair of lowest rank first.
///
/// Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016; the
/// details (ties, unknown bytes, stale pairs) are those of the Hugging Face `tokenizers` library.
///
/// A class, for the closures through which words come to it would copy all of a structure's tables, and
/// count their references, at every piece of text.
final class BytePairEncoding: Sendable {
    let vocabulary: Vocabulary
    private let merges: MergeTable
    /// The token of each byte; `nil` where the vocabulary lacks it.
    private let byteTokens: [Int32?]
    private let unknownToken: Int32?
    /// Whether neighbouring unknown bytes become one unknown token.
    private let fusesUnknown: Bool
    /// Words, as bytes, that are taken for a token as they are, though merges may lead elsewhere: all of
    /// the vocabulary under `ignore_merges`, otherwise none.
    private let wholeWords: [[UInt8]: Int32]

    /// Reads the `model` field.
    init(_ field: JSONField) throws(TokenizerError) {
        let type = field["type"].value?.string ?? "BPE"
        guard type == "BPE" else {
            throw field["type"].unsupported("the model is '\(type)', and only BPE is supported")
        }
        for option in ["continuing_subword_prefix", "end_of_word_suffix"] {
            guard field[option].value?.string ?? "" == "" else {
                throw field[option].unsupported("marks of words are not supported")
            }
        }
        guard try !field["byte_fallback"].bool(default: false) else {
            throw field["byte_fallback"].unsupported("a byte-level tokenizer has a token for every byte")
        }
        guard field["dropout"].value?.number ?? 0 == 0 else {
            throw field["dropout"].unsupported("merges that are dropped at random give no fixed ids; set it to null")
        }

        let vocabulary = try Vocabulary(field["vocab"])
        self.vocabulary = vocabulary
        merges = try MergeTable(field["merges"], vocabulary)
        byteTokens = ByteLevelAlphabet.scalars.map { vocabulary.id(of: String($0)) }
        fusesUnknown = try field["fuse_unk"].bool(default: false)
        wholeWords = try field["ignore_merges"].bool(default: false) ? vocabulary.idsByBytes() : [:]
        if let token = field["unk_token"].value?.string {
            unknownToken = vocabulary.id(of: token)
            guard unknownToken != nil || !byteTokens.contains(nil) else {
                throw field["unk_token"].malformed("'\(token)' is not in model.vocab, and some bytes need it")
            }
        } else {
            unknownToken = nil
        }
    }

    /// Appends the tokens of a word.
    func encode(_ word: UTF8Bytes, _ workspace: inout MergeWorkspace, into ids: inout [Int32]) {
        if !wholeWords.isEmpty, let id = wholeWords[Array(word)] {
            ids.append(id)
            return
        }
        workspace.start()
        addInitialTokens(of: word, to: &workspace)
        workspace.merge(using: merges)
        workspace.appendTokens(to: &ids)
    }

    /// The tokens of the single bytes. A byte without one becomes the unknown token, or nothing where
    /// there is none either.
    private func addInitialTokens(of word: UTF8Bytes, to workspace: inout MergeWorkspace) {
        var followsUnknown = false
        for byte in word {
            if let token = byteTokens[Int(byte)] {
                workspace.append(token)
                followsUnknown = false
            } else if let unknownToken {
                if !(followsUnknown && fusesUnknown) { workspace.append(unknownToken) }
                followsUnknown = true
            }
        }
    }
}
