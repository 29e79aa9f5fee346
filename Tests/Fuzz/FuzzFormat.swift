import Foundation

/// The kinds of input that strangers' files bring.
enum FuzzFormat: String, CaseIterable {
    case pth, safetensors, gguf, tokenizer, jsonl, template
    /// Tokenizers in folders without `tokenizer.json`: `vocab.json` with `merges.txt`, `vocab.txt`, a `tokenizer.model` of
    /// SentencePiece, Mistral's `tekken.json`, and ranks of tiktoken.
    case vocab, vocabtxt, sentencepiece, tekken, tiktoken

    /// Seconds of one core that an input may take in a release build; `nil` where only a hang is a failure.
    var timeLimit: Double? {
        switch self {
        case .tokenizer, .vocab, .vocabtxt, .sentencepiece, .tekken, .tiktoken: 1
        default: nil
        }
    }

    /// What the format's files are made of: whole words where the mutator would not find them letter by letter.
    var dictionary: [[UInt8]] {
        switch self {
        case .pth: Self.pickle
        case .safetensors: Self.words(Self.json + Self.tensorWords)
        case .gguf: Self.ggufWords
        case .tokenizer: Self.words(Self.json + Self.tokenizerWords)
        case .jsonl: Self.words(Self.json + Self.conversationWords)
        case .template: Self.words(Self.jinja)
        case .vocab: Self.words(Self.json + Self.pieceWords + ["#version: 0.2\n"])
        case .vocabtxt: Self.words(Self.pieceWords)
        case .sentencepiece: Self.protobuf + Self.words(Self.pieceWords)
        case .tekken: Self.words(Self.json + Self.tekkenWords)
        case .tiktoken:
            Self.words([
                "AA==", "/w==", "4L", "====", "!", "IA== ", " ", "\t", "\n", "\r\n", "0", "-1", "9223372036854775808", "IA== 220\n",
            ])
        }
    }

    /// Words of strings in the format's JSON.
    var jsonWords: [String] {
        switch self {
        case .safetensors: Self.tensorWords
        case .tokenizer: Self.tokenizerWords
        case .jsonl: Self.conversationWords
        case .vocab: Self.pieceWords
        case .tekken: Self.tekkenWords
        default: []
        }
    }

    private static func words(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    private static let pickle: [[UInt8]] =
        "(.01NQRtlaesubqrhjKMJGXUCTB)]}c2".utf8.map { [$0] }
        + [
            [0x80, 2], [0x85], [0x86], [0x87], [0x88], [0x89], [0x8A, 8], [0x8B], [0x8C], [0x8D], [0x8E], [0x93], [0x94], [0x95], [0x96],
            [0x81],
        ]
        + [
            [0x8A, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x8A, 8, 0, 0, 0, 0, 0, 0, 0, 0x80], [0x8A, 0],
            [0x4A, 0xFF, 0xFF, 0xFF, 0xFF],
        ]
        + words([
            "PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "PK\u{6}\u{6}", "PK\u{6}\u{7}", "data.pkl", "data/0", "byteorder", "version",
            "provenance.json",
            "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch._utils\n_rebuild_parameter\n", "ccollections\nOrderedDict\n",
            "ctorch\nFloatStorage\n",
            "ctorch\nHalfStorage\n", "ctorch\nBFloat16Storage\n", "ctorch\nLongStorage\n", "ctorch\nBoolStorage\n",
            "ctorch\nComplexDoubleStorage\n",
            "ctorch\nSize\n", "cos\nsystem\n", "X\u{7}\0\0\0storage", "state_dict", "model", ".weight", "tok_embeddings", "layers.0.",
            "layers.999.",
            "layers.9223372036854775807.", "module.", ".lora.A.", ".lora.B.", "lora_A", "lora_B",
        ])

    private static let ggufWords: [[UInt8]] =
        (0...14).map { [UInt8($0), 0, 0, 0] } + [[9, 0, 0, 0, 9, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
        + words([
            "GGUF", "general.architecture", "general.alignment", "general.type", "adapter", "adapter.type", "lora", "adapter.lora.alpha",
            "llama", "qwen3",
            "qwen3moe", ".block_count", ".attention.head_count", ".attention.head_count_kv", ".attention.key_length", ".embedding_length",
            ".feed_forward_length", ".rope.freq_base", ".rope.scaling.type", ".rope.scaling.factor", "linear", "yarn", ".expert_count",
            ".expert_used_count", "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.merges",
            "tokenizer.ggml.token_type", "tokenizer.ggml.scores", "gpt2", "llama-bpe", "qwen2", "token_embd.weight", "blk.0.attn_q.weight",
            "blk.0.ffn_gate_exps.weight", ".lora_a", ".lora_b", "rope_freqs.weight", "output.weight",
        ])

    private static let json = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud83d", "\\udc00", "\\n", "null", "true", "false", "0", "-1", "1e999",
        "-0.0", "1e-400",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "0.5", "NaN", "Infinity", "[[[[",
        "{\"a\":", "\n",
        "\r\n", "\u{FEFF}", " ", "\u{0}", "é", "e\u{301}", "你好", "😀", "\u{2028}",
    ]

    private static let tensorWords = [
        "__metadata__", "dtype", "shape", "data_offsets", "F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL", "C64",
        "F8_E4M3", "provenance",
        "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", "model.layers.0.self_attn.q_proj.lora_a",
        "layers.0.attention.wq.lora.A.weight",
        "model.embed_tokens.weight", "model.layers.", "lm_head.weight", "model_type", "llama", "qwen3", "qwen3_moe", "minimind",
        "rope_scaling", "rope_type",
        "yarn", "linear", "llama3", "dynamic", "factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings",
        "head_dim", "num_experts",
        "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size", "tie_word_embeddings",
        "vocab_size",
        "rms_norm_eps", "rope_theta", "rope_parameters", "eos_token_id", "peft_type", "LORA", "target_modules", "all-linear", "r",
        "lora_alpha", "rank_pattern",
        "alpha_pattern", "layers_to_transform", "layers_pattern", "use_rslora", "use_dora", "modules_to_save", "exclude_modules",
        "lora_parameters", "rank",
        "scale", "keys", "num_layers", ".*", "(a|b)*c", "[^.]+", "^model\\.layers\\.(\\d+)\\.", "(((((", "a{0,99999}",
    ]

    private static let tokenizerWords = [
        "version", "1.0", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model", "type", "BPE", "vocab",
        "merges", "ByteLevel",
        "Metaspace", "Sequence", "Split", "Digits", "Replace", "Prepend", "NFC", "NFKC", "NFD", "NFKD", "Lowercase", "Strip",
        "ByteFallback", "Fuse",
        "TemplateProcessing", "Punctuation", "Whitespace", "pattern", "Regex", "String", "behavior", "Isolated", "Removed",
        "MergedWithNext", "Contiguous",
        "invert", "individual_digits", "add_prefix_space", "use_regex", "trim_offsets", "byte_fallback", "ignore_merges", "unk_token",
        "fuse_unk", "dropout",
        "continuing_subword_prefix", "end_of_word_suffix", "prepend_scheme", "first", "always", "never", "split", "replacement", "content",
        "special",
        "single_word", "lstrip", "rstrip", "normalized", "id", "pretokenizers", "normalizers", "decoders", "prepend", "▁", "Ġ", "Ċ", "<s>",
        "</s>",
        "<unk>", "<0x0A>", "<0xFF>", "<|im_end|>", "tokenizer_class", "chat_template", "default", "name", "template",
        "added_tokens_decoder", "bos_token",
        "eos_token", "pad_token", "add_bos_token", "additional_special_tokens", "extra_special_tokens", "split_special_tokens", "\u{0}", "",
        " ", "a b",
        "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", "\\p{N}{1,3}",
        "\\d", "\n", "Unigram", "WordPiece", "WordLevel", "unk_id", "max_input_chars_per_word", "Precompiled", "precompiled_charsmap",
        "BertNormalizer",
        "clean_text", "handle_chinese_chars", "strip_accents", "lowercase", "StripAccents", "Nmt", "Prepend", "strip_left", "strip_right",
        "BertPreTokenizer", "WhitespaceSplit", "CharDelimiterSplit", "delimiter", "UnicodeScripts", "FixedLength", "length",
        "MergedWithPrevious",
        "BertProcessing", "RobertaProcessing", "sep", "cls", "processors", "WordPiece", "BPEDecoder", "CTC", "suffix", "prefix", "cleanup",
        "pad_token", "word_delimiter_token", "start", "stop", "##", "</w>", "[UNK]", "[CLS]", "(a+)+$", "(?=", "[^", "\\p{Han}+", "x*",
        "(?<=a)b", "^",
        "$", "(?i:", "{0,99999}", "[一-龥]+", "(.*)*\\1", "\u{301}",
    ]

    private static let pieceWords = [
        "##", "▁", "▁▁", "Ġ", "Ċ", "</w>", "<unk>", "<s>", "</s>", "<pad>", "<mask>", "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]",
        "<|endoftext|>", "<0x00>",
        "<0xFF>", "\n", "\r\n", "\n\n", " ", "  ", "\t", "\u{0}", "\u{FEFF}", "", "a", "é", "e\u{301}", "的", "😀", "a b c", "Ġ t",
        "#version",
    ]

    private static let tekkenWords = [
        "config", "pattern", "vocab", "special_tokens", "rank", "token_bytes", "token_str", "is_control", "num_vocab_tokens",
        "default_vocab_size", "default_num_special_tokens", "version", "v3", "v7", "v11", "image", "audio", "AA==", "/w==", "4LiB", "====",
        "IA==", "<s>", "</s>",
        "<unk>", "[INST]", "(a+)+$", "[^", "\\p{L}+", "",
    ]

    private static let protobuf: [[UInt8]] =
        [
            [0x0A], [0x12], [0x1A], [0x0A, 0], [0x15, 0, 0, 0, 0], [0x15, 0, 0, 0xC0, 0x7F], [0x15, 0, 0, 0x80, 0xFF], [0x18, 1],
            [0x18, 2], [0x18, 3],
            [0x18, 4], [0x18, 5], [0x18, 6], [0x18, 0x7F], [0x08], [0x0B], [0x0C], [0x0D], [0x09], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
            [0xF8, 0xFF, 0xFF, 0xFF, 0x0F], [0x98, 0x02, 1], [0xC8, 0x02, 0],
        ]

    private static let conversationWords = [
        "conversations", "messages", "role", "content", "user", "assistant", "system", "tool", "tools", "tool_calls", "function", "name",
        "arguments",
        "reasoning_content", "thinking", "from", "value", "text", "prompt", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<think>",
        "</think>", "assistant\n",
        "<s>assistant\n", "</s>\n", "<tool_call>", "\u{0}", "", "parameters", "properties", "type",
    ]

    private static let jinja = [
        "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-%}", "{{-", "-}}", "{%+", "if", "elif", "else", "endif", "for", "in", "endfor", "set",
        "endset", "macro",
        "endmacro", "filter", "endfilter", "generation", "endgeneration", "break", "continue", "raw", "endraw", "include", "recursive",
        "namespace()", "and",
        "or", "not", "is", "defined", "undefined", "none", "true", "false", "string", "mapping", "iterable", "sequence", "number",
        "messages", "message",
        "tools", "loop.index0", "loop.last", "loop.first", "loop.previtem", "loop.nextitem", "loop.cycle(", "loop(", "loop.depth",
        "bos_token", "eos_token",
        "add_generation_prompt", "enable_thinking", "['role']", "['content']", ".content", "[::-1]", "[1:]", "[-1]",
        "[9223372036854775807]",
        "[-9223372036854775808:]", "[::0]", "|tojson", "|tojson(indent=4)", "|tojson(indent=999999999)", "|trim", "|length", "|upper",
        "|title",
        "|capitalize", "|replace('a','b')", "|join(',')", "|map(attribute='role')", "|selectattr('role','equalto','user')",
        "|rejectattr('x')", "|list",
        "|first", "|last", "|sort", "|unique", "|reverse", "|default('')", "|dictsort", "|items", "|indent(999999999)", "|int", "|float",
        "|round(400)",
        "|string", "|safe", "|e", "|batch(0)", "|batch(3)", "|slice(0)", "|slice(999999999)", "|center(999999999)", "|wordwrap(0)",
        "|truncate(1)",
        "|sum", "|min", "|max", "|abs", "|format(1)", ".split('')", ".split('</think>')[-1]", ".strip()", ".lstrip('\\n')",
        ".startswith('a')",
        ".format(1)", ".join(", ".replace('','x')", ".zfill(999999999)", ".ljust(999999999)", ".items()", ".get('a')", ".append(1)",
        ".count('')", ".find('')",
        "range(100000)", "range(1,2,0)", "range(9223372036854775807)", "raise_exception('no')", "strftime_now('%Y')", "dict(a=1)", "lipsum",
        "cycler(1)", "joiner()", "call", "call(x)", "endcall", "caller()", "varargs", "kwargs", "*varargs", "**kwargs", "print", "|escape",
        ".format_map(", ".center(9)", ".expandtabs(999999999)", "{1: 2, none: 3}", "(1, 2)", "'%9.2f'", "'{:>9,.2f}'", "|xmlattr",
        "|urlencode",
        "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|", "'", "\"",
        "\\", "\\x00",
        "0", "1", "-1", "2**64", "9223372036854775807", "9223372036854775808", "1e308", "0.1", "10**9", "'a'*999999", "[0]*999999",
        "-9223372036854775807-1",
        "//-1", "%-1", "**-1", "**9999", "%s%d", "if x else y", "\n", "é", "😀",
    ]
}
