import LoRA
import Model
import Tensor
import Testing

@testable import Data

/// Messages are one line, whatever names and texts the files that they speak of have.
@Suite struct OneLineTests {
    private static let name = "a\nb\r\u{85}c\u{2028}\u{1B}[31m"

    private static let errors: [any Error & CustomStringConvertible] = [
        TensorFileError.inFile(path: "x", .malformed(offset: 7, "'\(name)' is damaged")),
        TensorFileError.forbidden(name),
        ModelError.missingWeight(name: name),
        ModelError.unknownWeights([name]),
        AdapterFileError.unknownModule(name),
        AdapterFileError.configuration("'\(name)' is no number"),
        LoRAError.unknownModule(name),
        TokenizerError.malformed(file: "tokenizer.json", field: name, reason: "is missing"),
        TemplateError(.raised, line: 1, name),
    ]

    @Test(arguments: errors.indices) func hasNoControlCharacters(_ index: Int) {
        let message = Self.errors[index].description
        #expect(message.contains("a b"))
        #expect(message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != "\u{2028}" })
    }

    @Test func leavesOutTheMiddleOfALongName() {
        let message = ModelError.missingWeight(name: String(repeating: "ü", count: 100_000)).description
        #expect(message.hasPrefix("the weights have no 'ü"))
        #expect(message.hasSuffix("does it hold a model of this kind?"))
        #expect(message.count < 1100)
    }

    @Test func keepsAMessageOfUsualLengthAsItIs() {
        #expect(TensorFileError.truncated(offset: 7).description == "the file is cut off at byte 7; copy or download it again")
    }
}
