import Tensor

/// A tokenizer as Hugging Face's folders, SentencePiece, tiktoken, Mistral and llama.cpp's GGUF files store it, equal to
/// `transformers`, or to llama.cpp for a GGUF, id for id.
///
/// Text goes through three stages, a folder each: ``Normalizer``, ``PreTokenizer`` and ``TokenModel``, which is BPE, Unigram,
/// WordPiece or WordLevel. It comes back through ``TokenDecoder``. Added tokens (``AddedVocabulary``) are cut out before and
/// after the first stage. ``TextEncoder`` puts the stages together.
///
/// A tokenizer can be shared by any number of threads.
public struct Tokenizer: Sendable {
    private(set) var added: AddedVocabulary
    let model: any TokenModel
    let normalizer: Normalizer?
    let preTokenizer: PreTokenizer
    let configuration: TokenizerConfiguration
    /// `tokenizer.json` without added tokens, vocabulary and merges, which are kept as they are used.
    let definition: JSON
    private var encoder: TextEncoder
    private(set) var decoder: TokenDecoder
    /// What stands around a text where special tokens are asked for.
    let postProcessor: PostProcessor
    private var vocabulary: Vocabulary { model.vocabulary }

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
    /// The template of conversations with tools, where it is one of its own: of several the one named `tool_use`.
    public let toolTemplate: String?
    /// The tokens that the configuration names, by their roles, such as `bos_token` or `image_token`: what a chat
    /// template sees of the tokenizer.
    public let specialTokens: [String: String]
    /// Whether a text begins with the bos token, for the model has seen none without: `add_bos_token` says so, or else the
    /// post-processor puts that token first. Where a chat template is, it writes the token itself, or leaves it out with intent.
    public let addsBOS: Bool
    /// The tokens after which generation ends: the eos token, those of `generation_config.json`, and those that are
    /// spelled as an end, such as `<|im_end|>`, `<|eot_id|>` or `<end_of_turn>`.
    public private(set) var endIDs: Set<Int32>
    /// Those of them that files name.
    private let namedEnds: [Int32]
    /// Whether tokens that are added later are sought in the text as it came, whatever they say.
    let seeksTokensVerbatim: Bool

    /// Reads a tokenizer.
    ///
    /// - Parameter folder: Holds `tokenizer.json`, and most often `tokenizer_config.json`. An older
    ///   tokenizer has a `special_tokens_map.json`, a newer one a `chat_template.jinja`.
    /// - Throws: ``TokenizerError`` where `tokenizer.json` is missing, a file is damaged, or the tokenizer
    ///   is of another kind.
    public init(folder: String) throws(TokenizerError) {
        try self.init(try TokenizerDescription(folder: folder))
    }

    /// Makes the tokenizer that a file describes.
    init(_ description: TokenizerDescription) throws(TokenizerError) {
        let field = description.definition
        definition = Self.definition(field)
        configuration = description.configuration
        let normalizer = try Normalizer(field["normalizer"])
        let preTokenizer = try PreTokenizer(field["pre_tokenizer"])
        model =
            if let makeModel = description.makeModel {
                try makeModel(field["model"], preTokenizer.isByteLevel)
            } else {
                try TokenModelKind.model(
                    field["model"], isByteLevel: preTokenizer.isByteLevel, readsScoresExactly: description.hasExactScores)
            }
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        added = try Self.addedVocabulary(description.added, configuration, model.vocabulary, normalizer)
        encoder = TextEncoder(normalizer, preTokenizer, model, added)
        let cleansUp = model is BytePairEncoding ? configuration.cleansUpSpacesOfBytePairs : configuration.cleansUpSpaces
        let chain = try DecoderChain(
            field["decoder"], preTokenizer: field["pre_tokenizer"], isByteLevel: preTokenizer.isByteLevel,
            cleanup: cleansUp ? SpaceCleanup.transformers : nil)
        decoder = try TokenDecoder(chain, model.vocabulary, added, normalizer)
        bosToken = configuration.token("bos_token")
        eosToken = configuration.token("eos_token")
        padToken = configuration.token("pad_token")
        unkToken = configuration.token("unk_token")
        chatTemplate = configuration.chatTemplate
        toolTemplate = configuration.toolTemplate
        specialTokens = Dictionary(configuration.roles.map { ($0.name, $0.token) }) { $1 }
        let id = { [added, model] (token: String?) in token.flatMap { added.id(of: $0) ?? model.vocabulary.id(of: $0) } }
        let (bos, eos) = (id(bosToken), id(eosToken))
        postProcessor = try PostProcessor(field["post_processor"])
        addsBOS = bosToken != nil && configuration.addsBOS ?? (bos != nil && postProcessor.before.first == bos)
        let limit = decoder.idLimit
        namedEnds = description.ends.filter { $0 < limit } + (eos.map { [$0] } ?? [])
        endIDs = EndTokens.all(namedEnds, among: added)
        seeksTokensVerbatim = description.seeksTokensVerbatim
    }

    /// The same with other added tokens, of which each that it has stays.
    func replacing(_ tokens: AddedVocabulary) throws(TokenizerError) -> Tokenizer {
        var tokenizer = self
        tokenizer.added = tokens
        try tokenizer.added.prepareSearch(normalizer, splitsSpecialTokens: configuration.splitsSpecialTokens)
        tokenizer.encoder = TextEncoder(normalizer, preTokenizer, model, tokenizer.added)
        tokenizer.decoder = try TokenDecoder(decoder.chain, model.vocabulary, tokenizer.added, normalizer)
        tokenizer.endIDs = EndTokens.all(namedEnds, among: tokenizer.added)
        return tokenizer
    }

    private static func definition(_ field: JSONField) -> JSON {
        var root = field.value?.object ?? [:]
        root["added_tokens"] = nil
        if var model = root["model"]?.object {
            model["vocab"] = nil
            model["merges"] = nil
            root["model"] = .object(model)
        }
        return .object(root)
    }

    /// The added tokens of `tokenizer.json`; over them those of the configuration, whose flags count; and
    /// the special tokens of the configuration that are not among them.
    private static func addedVocabulary(
        _ listed: [AddedToken], _ configuration: TokenizerConfiguration, _ vocabulary: Vocabulary,
        _ normalizer: Normalizer?
    ) throws(TokenizerError) -> AddedVocabulary {
        var added = AddedVocabulary()
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
        try added.prepareSearch(normalizer, splitsSpecialTokens: configuration.splitsSpecialTokens)
        return added
    }

    /// The ids of a text, as `tokenizer(text, add_special_tokens=False)` gives them: added tokens are
    /// recognised where they stand in the text, and nothing is put around it.
    ///
    /// - Throws: ``TokenizerError/patternFailed(_:)`` where a regular expression of the tokenizer takes too long on the text.
    public func encode(_ text: String) throws(TokenizerError) -> [Int32] { try encoder.encode(text) }

    /// The ids of a text, as `tokenizer(text, add_special_tokens=…)` gives them: with the tokens of the post-processor around
    /// it, such as `<s>`, or `[CLS]` and `[SEP]`. As in `transformers` 5, `add_bos_token` and `add_eos_token` of the configuration
    /// change nothing beside a `tokenizer.json`.
    ///
    /// - Throws: ``TokenizerError/patternFailed(_:)`` where a regular expression of the tokenizer takes too long on the text.
    public func encode(_ text: String, addingSpecialTokens: Bool) throws(TokenizerError) -> [Int32] {
        let ids = try encode(text)
        return addingSpecialTokens ? postProcessor.before + ids + postProcessor.after : ids
    }

    /// The ids of a text, and which part of it each of them stands for, as the library's `Encoding.offsets` have
    /// it, but in bytes of UTF-8. The offsets are those before a post-processor trims white space off them
    /// (`trim_offsets`), so that white space has its tokens.
    ///
    /// - Throws: ``TokenizerError/patternFailed(_:)`` where a regular expression of the tokenizer takes too long on the text.
    public func encodeWithOffsets(_ text: String) throws(TokenizerError) -> TokenOffsets { try encoder.encodeWithOffsets(text) }

    /// The ids of a text with which a context begins: with the bos token in front where the model wants one
    /// (``addsBOS``) and the text, as of a chat template, does not write it itself.
    ///
    /// - Throws: ``TokenizerError/patternFailed(_:)`` where a regular expression of the tokenizer takes too long on the text.
    public func encodeBeginning(_ text: String) throws(TokenizerError) -> [Int32] {
        let ids = try encode(text)
        guard addsBOS, let bosID, ids.first != bosID else { return ids }
        return [bosID] + ids
    }

    /// The text of ids, as `tokenizer.decode(ids)` gives it. Bytes that are not UTF-8 become U+FFFD, ids
    /// without a token nothing.
    ///
    /// `clean_up_tokenization_spaces` of the configuration is followed as `transformers` 5 follows it: not for byte pairs, of
    /// whose text it would take real spaces away.
    ///
    /// - Parameter skipSpecialTokens: Leaves special tokens such as `<s>` out.
    public func decode(_ ids: some Sequence<Int32>, skipSpecialTokens: Bool = false) -> String {
        var bytes: [UInt8] = []
        var run = DecoderRun(decoder)
        for id in ids { run.append(id, skipsSpecial: skipSpecialTokens, to: &bytes) }
        run.finish(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes that an id stands for, which may be a part of a character, without what only its place in a text gives it
    /// or takes away, such as the space before a word piece; `nil` for an id without a token.
    public func bytes(of id: Int32) -> [UInt8]? { decoder.bytes(id) }

    /// Whether decoding with `skipSpecialTokens` leaves an id out.
    public func isSpecial(_ id: Int32) -> Bool { decoder.isSpecial(id) }

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
    /// The id of ``unkToken``.
    public var unkID: Int32? { unkToken.flatMap(id(of:)) }
}
