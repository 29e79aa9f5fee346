/// A byte-level BPE tokenizer as Hugging Face stores them, equal to `transformers` id for id.
///
/// Text goes through four stages, a file each: ``Normalizer``, ``PreTokenizer``, ``BytePairEncoding``, and
/// back through ``TokenDecoder``; added tokens (``AddedVocabulary``) are cut out before and after the first.
/// ``TextEncoder`` puts the first three together.
///
/// A tokenizer can be shared by any number of threads.
public struct Tokenizer: Sendable {
    private let vocabulary: Vocabulary
    private let added: AddedVocabulary
    private let encoder: TextEncoder
    private let decoder: TokenDecoder

    /// The token that starts a text or a message, where the configuration names one.
    public let bosToken: String?
    /// The token that ends a text or a message, where the configuration names one.
    public let eosToken: String?
    /// The token that fills up a row, where the configuration names one.
    public let padToken: String?
    /// The token for what is not in the vocabulary, where the configuration names one.
    public let unkToken: String?
    /// The Jinja template that turns messages into text: that of `chat_template.jinja`, else that of
    /// `tokenizer_config.json`, of several the one named `default`.
    public let chatTemplate: String?

    /// Reads a tokenizer.
    ///
    /// - Parameter folder: Holds `tokenizer.json`, and most often `tokenizer_config.json`. An older
    ///   tokenizer has a `special_tokens_map.json`, a newer one a `chat_template.jinja`.
    /// - Throws: ``TokenizerError`` where `tokenizer.json` is missing, a file is damaged, or the tokenizer
    ///   is of another kind.
    public init(folder: String) throws(TokenizerError) {
        let field = try JSONField(contentsOf: "\(folder)/tokenizer.json")
        let version = field["version"]
        guard version.value?.string ?? "1.0" == "1.0" else {
            throw version.unsupported("this is not version 1.0 of the format")
        }
        let normalizer = try Normalizer(field["normalizer"])
        let preTokenizer = try PreTokenizer(field["pre_tokenizer"])
        let model = try BytePairEncoding(field["model"])
        vocabulary = model.vocabulary
        let configuration = try TokenizerConfiguration(folder: folder)
        added = try Self.addedVocabulary(field["added_tokens"], configuration, vocabulary, normalizer)
        encoder = TextEncoder(normalizer, preTokenizer, model, added)
        decoder = try TokenDecoder(field["decoder"], vocabulary, added, normalizer)
        bosToken = configuration.token("bos_token")
        eosToken = configuration.token("eos_token")
        padToken = configuration.token("pad_token")
        unkToken = configuration.token("unk_token")
        chatTemplate = configuration.chatTemplate
    }

    /// The added tokens of `tokenizer.json`; over them those of the configuration, whose flags count; and
    /// the special tokens of the configuration that are not among them.
    private static func addedVocabulary(
        _ field: JSONField, _ configuration: TokenizerConfiguration, _ vocabulary: Vocabulary,
        _ normalizer: Normalizer?
    ) throws(TokenizerError) -> AddedVocabulary {
        var added = AddedVocabulary()
        var listed: [AddedToken] = []
        for element in try field.elements() { listed.append(try AddedToken(element)) }
        added.add(listed, to: vocabulary)

        var configured = configuration.added ?? listed
        let known = Set((listed + configured).map { Array($0.content.utf8) })
        let special = configuration.named + configuration.extra
        configured += special.filter { !known.contains(Array($0.content.utf8)) }
        let named = Set(configuration.named.map { Array($0.content.utf8) })
        for index in configured.indices where named.contains(Array(configured[index].content.utf8)) {
            configured[index].isSpecial = true
        }
        added.add(configured, to: vocabulary)
        added.prepareSearch(normalizer, splitsSpecialTokens: configuration.splitsSpecialTokens)
        return added
    }

    /// The ids of a text, as `tokenizer(text, add_special_tokens=False)` gives them: added tokens are
    /// recognised where they stand in the text, and nothing is put around it.
    public func encode(_ text: String) -> [Int32] { encoder.encode(text) }

    /// The text of ids, as `tokenizer.decode(ids)` gives it. Bytes that are not UTF-8 become U+FFFD, ids
    /// without a token nothing.
    ///
    /// `clean_up_tokenization_spaces` of the configuration is not followed: it is meant for word pieces,
    /// takes real spaces away from byte-level text, and `transformers` 5 ignores it there too.
    ///
    /// - Parameter skipSpecialTokens: Leaves special tokens such as `<s>` out.
    public func decode(_ ids: some Sequence<Int32>, skipSpecialTokens: Bool = false) -> String {
        var bytes: [UInt8] = []
        for id in ids {
            guard let token = decoder.token(id), !(skipSpecialTokens && token.isSpecial) else { continue }
            bytes += token.bytes
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes that an id stands for, which may be a part of a character; `nil` for an id without a token.
    public func bytes(of id: Int32) -> [UInt8]? { decoder.token(id)?.bytes }

    /// Whether decoding with `skipSpecialTokens` leaves an id out.
    public func isSpecial(_ id: Int32) -> Bool { decoder.token(id)?.isSpecial ?? false }

    /// The highest id plus one: the least number of rows of an embedding that serves every id.
    public var vocabularySize: Int { decoder.idLimit }

    /// The id of a token, spelled as in `tokenizer.json`.
    public func id(of token: String) -> Int32? { added.id(of: token) ?? vocabulary.id(of: token) }

    /// The id of ``bosToken``.
    public var bosID: Int32? { bosToken.flatMap(id(of:)) }
    /// The id of ``eosToken``.
    public var eosID: Int32? { eosToken.flatMap(id(of:)) }
    /// The id of ``padToken``.
    public var padID: Int32? { padToken.flatMap(id(of:)) }
}
