import Foundation
import Tensor

/// A model as it was at one moment, to be written as a state dict with its settings beside it.
public struct SavedModel: Sendable {
    /// The parameters.
    public let weights: StateDictionary
    /// What the weights do not say; `nil` where no settings keep all that the model computes.
    private let settings: JSON?

    init(weights: StateDictionary, settings: JSON?) {
        self.weights = weights
        self.settings = settings
    }

    /// Writes the weights as a file of PyTorch, or of safetensors where the path ends so, and the settings beside it:
    /// `NAME.json` beside `NAME.pth`.
    ///
    /// - Throws: ``ModelError/inFile(path:_:)`` where a file that holds something else stands in the place of the settings;
    ///   ``ModelError/file(_:)``
    public func write(to path: String) throws(ModelError) {
        try ModelSettings.checkReplaceable(beside: path)
        let settingsPath = ModelSettings.path(of: path)
        do throws(TensorFileError) {
            if let settings {
                try AtomicFile.write(Foundation.Data((settings.indented + "\n").utf8), to: settingsPath)
            } else {
                // Those of a former model are not this one's.
                try? FileManager.default.removeItem(atPath: settingsPath)
            }
            if path.hasSuffix(".safetensors") {
                try SafetensorsFile.write(weights, to: path)
            } else {
                try PyTorchFile.write(weights, to: path)
            }
        } catch {
            throw .file(error)
        }
    }

    /// Looks whether ``write(to:)`` may write the settings of a model that is saved there.
    ///
    /// - Throws: ``ModelError/inFile(path:_:)`` where a file that holds something else stands in their place
    public static func checkReplaceable(_ path: String) throws(ModelError) { try ModelSettings.checkReplaceable(beside: path) }
}

extension LanguageModel {
    /// The model as it is now, for a state dict.
    ///
    /// - Parameters:
    ///   - elementType: the type that is written: float32, float16 or bfloat16
    ///   - tokens: the ids that the settings name
    public func saved(as elementType: ElementType = .float32, tokens: SpecialTokens = .minimind) -> SavedModel {
        SavedModel(
            weights: stateDictionary(as: elementType), settings: try? configuration.settings(tokens: tokens, as: elementType))
    }
}

extension ModelConfiguration {
    /// Whether the settings beside a state dict say all that the model computes.
    package var hasSettings: Bool { (try? settings(tokens: .minimind, as: .float32)) != nil }
}
