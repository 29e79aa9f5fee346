import Foundation

/// Files of tensors of every format that is read here.
public enum TensorFile {
    /// Reads a `.pth` or safetensors file, whichever its content is, whatever its name.
    ///
    /// - Throws: ``TensorFileError/inFile(path:_:)``
    public static func read(_ path: String) throws(TensorFileError) -> StateDictionary {
        try reading(path) { bytes throws(TensorFileError) in
            if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
                return try PyTorchFile.parse(bytes)
            }
            if let stranger = stranger(bytes) { throw .notATensorFile(stranger) }
            return try SafetensorsFile.parse(bytes)
        }
    }

    /// Maps the file and puts its path on what `parse` throws.
    static func reading<Result>(
        _ path: String, _ parse: (Foundation.Data) throws(TensorFileError) -> Result
    ) throws(TensorFileError) -> Result {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .system(path: path, "no such file")
        }
        if isFolder.boolValue { throw .system(path: path, "is a folder, not a file") }
        let bytes: Foundation.Data
        do {
            bytes = try Foundation.Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw .system(path: path, "cannot be read (\(error.localizedDescription))")
        }
        do throws(TensorFileError) {
            return try parse(bytes)
        } catch {
            throw .inFile(path: path, error)
        }
    }

    /// What a file that is no tensor file seems to be.
    static func stranger(_ bytes: Foundation.Data) -> String? {
        let start = String(decoding: bytes.prefix(200), as: UTF8.self)
        if bytes.isEmpty { return "the file is empty" }
        if start.hasPrefix("version https://git-lfs") {
            return "this is a Git LFS pointer, not the weights; fetch them with 'git lfs pull'"
        }
        if start.lowercased().hasPrefix("<!doctype") || start.lowercased().hasPrefix("<html") {
            return "this is a web page, not weights; download the file itself"
        }
        if bytes.starts(with: [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC]) {
            return "this is PyTorch's old format (before 1.6); load it with torch.load and save it again with torch.save"
        }
        let header = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if bytes.count < 9 || header > UInt64(bytes.count) { return "this is neither a .pth file nor a safetensors file" }
        return nil
    }
}
