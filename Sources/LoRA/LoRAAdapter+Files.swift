import Model
import Tensor

extension LoRAAdapter {
    /// Puts an adapter from a file of any format on a model (``AdapterFile/read(_:for:scale:)``).
    ///
    /// - Parameter name: of the updates; those of the same name are replaced
    /// - Throws: ``AdapterFileError`` for a file that is none or does not fit, ``LoRAError`` for values that cannot be read
    public init(on model: LanguageModel, contentsOf path: String, name: String = LinearUpdate.defaultName) throws {
        try self.init(on: model, AdapterFile.read(path, for: model.configuration), name: name)
    }

    /// Writes the adapter, whole or not at all.
    ///
    /// - Parameters:
    ///   - path: of a folder or a file, as the format has it
    ///   - format: MiniMind's `.pth`, or what others read
    /// - Throws: ``AdapterFileError/inFile(path:_:)``
    public func write(to path: String, as format: AdapterFormat = .minimind) throws(AdapterFileError) {
        try AdapterFile.write(state, as: format, to: path, for: configuration)
    }
}
