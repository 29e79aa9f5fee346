import Foundation
import Model
import Tensor

/// A model that is trained whole, and the form in which it is saved: that of its base, where no other is asked for.
struct WholeModel {
    private let model: LanguageModel
    private let output: ModelOutput

    init(_ options: TrainOptions, _ model: LanguageModel, _ base: Base?) throws {
        self.model = model
        let type = ElementType(rawValue: options.savedType.rawValue) ?? .float32
        let format = options.modelFormat.format ?? base.map { ModelFormat($0.file.kind) } ?? .pth
        output = try ModelOutput(format, as: type, of: base, tokenizerPath: options.model.tokenizerPath)
    }

    private init(_ model: LanguageModel, _ output: ModelOutput) { (self.model, self.output) = (model, output) }

    /// What a person should know of the form.
    var notes: [String] { output.notes(model.configuration) }

    /// What the names of its files end with.
    var ending: String { output.format.ending }

    /// As it is now, whatever is trained from here on.
    func copied() -> WholeModel { WholeModel(model.copied(), output) }

    /// Looks whether it can be saved at a path, before hours have gone by.
    ///
    /// - Throws: as ``ModelOutput/check(_:path:)``
    func checkWritable(_ path: String) throws { try output.check(model, path: path) }

    /// Writes it to a path.
    func write(to path: String) throws { try output.write(model, to: path) }

    /// Opens what was written as anybody would, and compares some logits.
    ///
    /// - Throws: ``CommandError``, or `ModelError` with the path
    func check(savedAt path: String) throws {
        let saved = try LanguageModel(ModelFile.open(path))
        let vocabulary = model.configuration.vocabularySize
        let tokens = (0..<16).map { Int32(clamping: $0 * 7919 % vocabulary) }
        let comparison = try ModelComparison(model, saved, rows: [tokens])
        try comparison.check(
            writtenAs: output.elementType, hasExperts: model.configuration.experts != nil,
            "\(path) is not the model that was trained; do not use it, and go on from a checkpoint with --resume and another --format")
    }
}
