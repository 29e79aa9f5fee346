import Data
import Foundation
import Tensor

/// `tokenizer.json` or, where it names no model, `tokenizer_config.json` beside one that is sound.
struct TokenizerTarget: FuzzTarget {
    private let scratch: Scratch
    private let sound: [UInt8]

    init(_ scratch: Scratch, corpus: String) throws {
        self.scratch = scratch
        let corpus = try Corpus(.tokenizer, in: corpus)
        sound = corpus.names.firstIndex(of: "bytes.json").map { corpus.seeds[$0] } ?? corpus.seeds[0]
    }

    func read(_ input: [UInt8], _ recorder: Recorder) throws {
        let isConfiguration = Foundation.Data(input).range(of: Foundation.Data("\"model\"".utf8)) == nil
        try scratch.write("tokenizer.json", isConfiguration ? sound : input)
        if isConfiguration { try scratch.write("tokenizer_config.json", input) } else { scratch.remove("tokenizer_config.json") }
        guard let tokenizer = try recorder.attempt("read", { try Tokenizer(folder: scratch.path) }) else { return }
        recorder.accept()
        try Self.use(tokenizer, recorder)
        try recorder.attempt("as GGUF") { try tokenizer.ggufMetadata() }
    }

    private static let texts = [
        "", "Hello, wörld! It's 12345 o'clock.\r\n\r\n  \t\u{A0}你好，世界 😀👩‍👩‍👧 e\u{301}\u{0}",
        "<s>a</s> <|im_start|>user\nx<|im_end|> <unk>▁▁ ﬁ Ⅷ İ",
        String(repeating: "ab ", count: 40) + String(repeating: "é", count: 50),
    ]

    static func use(_ tokenizer: Tokenizer, _ recorder: Recorder) throws {
        try recorder.attempt("used") {
            for text in texts {
                let ids = try tokenizer.encodeBeginning(text)
                guard ids.allSatisfy({ $0 >= 0 && Int($0) < tokenizer.vocabularySize }) else {
                    throw FuzzFailure("an id outside of the vocabulary of \(tokenizer.vocabularySize): \(ids.prefix(20))")
                }
                let more = ids + [0, 3, 200, 1, 20, -1, .max, .min, Int32(clamping: tokenizer.vocabularySize)]
                for skips in [false, true] {
                    let whole = tokenizer.decode(more, skipSpecialTokens: skips)
                    var stream = StreamingDecoder(tokenizer, skipSpecialTokens: skips)
                    var pieces = ""
                    for id in more { pieces += stream.append(id) }
                    pieces += stream.finish()
                    guard pieces.utf8.elementsEqual(whole.utf8) else {
                        throw FuzzFailure(
                            "decoded as a stream '\(pieces.prefix(80).debugDescription)', at once '\(whole.prefix(80).debugDescription)'")
                    }
                }
            }
            _ = (tokenizer.bosID, tokenizer.eosID, tokenizer.padID, tokenizer.unkID, tokenizer.bytes(of: 5), tokenizer.isSpecial(2))
        }
        guard let source = tokenizer.chatTemplate else { return }
        if let template = try recorder.attempt("its template", { try ChatTemplate(source: source) }) {
            _ = LossMaskRule.detect(tokenizer: tokenizer, template: template)
        }
    }
}
