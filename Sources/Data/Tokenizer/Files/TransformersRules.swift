import Tensor

/// Which class of `transformers` 5.24 reads a folder, as its `AutoTokenizer` finds out.
///
/// `tokenizer.json` alone does not say what a model was trained on. Most classes take from it only the vocabulary, the
/// merges, the added tokens, the tokens around a text and the map of a `Precompiled` normalizer. They build the normalizer,
/// the pre-tokenizer, the decoder and the options of the model themselves, by switches of `tokenizer_config.json` such as
/// `add_prefix_space`, `legacy` or `do_lower_case`. Only the general class, `TokenizersBackend` (`PreTrainedTokenizerFast`
/// of old), takes `tokenizer.json` as it is; there `add_prefix_space` means nothing.
///
/// The class is the `tokenizer_class` of `tokenizer_config.json`, else that of `config.json`, else that of the model type,
/// with these exceptions:
/// - The general class reads a folder of `LlamaTokenizer` whose `tokenizer.json` is byte-level, as Llama 3's.
/// - A model type that is registered for the general class, as Mistral's, is read by it, whatever class is named.
/// - Of some model types it is known that published folders name a wrong class (``TransformersModelTypes``). Their own class
///   reads them.
/// - The general class stands in for a class that is not known.
enum TransformersRules {
    /// What reads a folder.
    enum Reader: Equatable {
        /// `tokenizer.json` is taken as it is.
        case general
        case known(TransformersClass)
    }

    /// What a folder says of its class.
    struct Evidence {
        let configuration: JSONField
        let model: JSONField
        /// The class that is named, without `Fast`; `nil` where none is.
        let namedClass: String?
        let modelType: String?
        /// Whether the folder brings code for its tokenizer.
        let hasOwnCode: Bool

        init(_ configuration: TokenizerConfiguration, _ model: JSONField) throws(TokenizerError) {
            self.configuration = configuration.file
            self.model = model
            let named = configuration.file["tokenizer_class"]
            let inModel = model["tokenizer_class"]
            let name = named.value != nil ? try named.string() : inModel.value != nil ? try inModel.string() : nil
            namedClass = name.map(TransformersRules.withoutFast)
            modelType = model["model_type"].value?.string
            hasOwnCode = configuration.file["auto_map"].value?.array != nil || configuration.file["auto_map"]["AutoTokenizer"].value != nil
        }

        /// Whether neither file says anything.
        var isEmpty: Bool { namedClass == nil && modelType == nil && !hasOwnCode }
    }

    /// Classes that are programs in Python, with no stages that could be described.
    private static let programs = Set(
        """
        BartphoTokenizer BertGenerationTokenizer BertJapaneseTokenizer BertweetTokenizer BioGptTokenizer BlenderbotSmallTokenizer
        ByT5Tokenizer CTRLTokenizer CanineTokenizer ClvpTokenizer CpmAntTokenizer CpmTokenizer DiaTokenizer EsmTokenizer
        FSMTTokenizer FastSpeech2ConformerTokenizer FlaubertTokenizer GPTNeoXJapaneseTokenizer GPTSw3Tokenizer M2M100Tokenizer
        MarianTokenizer MgpstrTokenizer MyT5Tokenizer PLBartTokenizer PerceiverTokenizer PhobertTokenizer Pop2PianoTokenizer
        ProphetNetTokenizer RagTokenizer RoCBertTokenizer SiglipTokenizer Speech2TextTokenizer SpeechT5Tokenizer TapasTokenizer
        VitsTokenizer Wav2Vec2CTCTokenizer Wav2Vec2PhonemeCTCTokenizer XLMTokenizer
        """.split { $0 == " " || $0.isNewline }.map(String.init))

    /// Classes that build their stages themselves, in ways that are not described here.
    private static let undescribed: Set<String> = [
        "EsmcTokenizer", "LasrTokenizer", "LayoutXLMTokenizer", "LukeTokenizer", "MBart50Tokenizer", "MBartTokenizer", "MLukeTokenizer",
        "MarkupLMTokenizer", "NllbTokenizer", "NougatTokenizer", "RoFormerTokenizer", "SeamlessM4TTokenizer", "Tipsv2Tokenizer",
        "VideoPrismTokenizer",
    ]

    static func withoutFast(_ name: String) -> String { name.hasSuffix("Fast") ? String(name.dropLast(4)) : name }

    /// What reads the folder.
    ///
    /// - Parameter isByteLevel: Whether its `tokenizer.json` names `ByteLevel`.
    /// - Throws: ``TokenizerError/unsupported(file:field:reason:)`` where it is a class whose stages are not known here.
    static func reader(_ evidence: Evidence, isByteLevel: Bool) throws(TokenizerError) -> Reader {
        guard let name = className(evidence, isByteLevel: isByteLevel) else { return .general }
        if let known = TransformersClass(named: name) { return .known(known) }
        if programs.contains(name) || undescribed.contains(name) {
            let field = evidence.configuration.value != nil ? evidence.configuration["tokenizer_class"] : evidence.model["model_type"]
            throw field.unsupported(
                "the class '\(name)' " + (programs.contains(name) ? "is a program in Python" : "builds its stages itself")
                    + ", which is not supported")
        }
        return .general
    }

    /// The class that reads the folder, without `Fast`; `nil` for the general one.
    private static func className(_ evidence: Evidence, isByteLevel: Bool) -> String? {
        let registered = evidence.modelType.flatMap(TransformersModelTypes.tokenizerClass)
        let namesWrong =
            [evidence.modelType, evidence.model["model_name"].value?.string].contains {
                $0.map(TransformersModelTypes.namesWrongClass) ?? false
            }
        guard let named = evidence.namedClass else { return registered }
        guard !evidence.hasOwnCode else { return named }
        if named == "LlamaTokenizer", !namesWrong, isByteLevel { return nil }
        guard let registered, registered != named else { return named }
        guard registered != "TokenizersBackend" else { return nil }
        return namesWrong ? registered : named
    }
}
