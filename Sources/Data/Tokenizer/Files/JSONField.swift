import Foundation
import Tensor

/// A value of a JSON file together with its place, so that a complaint can name both.
struct JSONField {
    let file: String
    /// Such as `model.merges[3]`; empty for the whole file.
    let path: String
    /// `nil` where the field is missing or `null`, which the format takes for the same.
    let value: JSON?

    /// No tokenizer comes near this size; it bounds what a hostile file can make us allocate.
    private static let maximumFileSize = 256 << 20

    /// What Git LFS leaves in place of a file that was not fetched.
    private static let lfsPointerStart = Array("version https://git-lfs.github.com/spec/".utf8)

    /// - Parameter value: The value at a path of a file, which need not be JSON itself.
    init(file: String, path: String, value: JSON?) {
        self.file = file
        self.path = path
        self.value = value == .null ? nil : value
    }

    /// Reads a file.
    init(contentsOf file: String) throws(TokenizerError) {
        let bytes = try Self.bytes(of: file)
        do throws(JSONError) {
            self.init(file: file, path: "", value: try JSON(parsing: bytes))
        } catch {
            throw .notJSON(file: file, error)
        }
        guard value?.object != nil else { throw malformed("not a JSON object") }
    }

    /// The bytes of a file of reasonable size.
    static func bytes(of file: String) throws(TokenizerError) -> Foundation.Data {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
            throw .unreadable(file: file, reason: "there is no such file")
        }
        guard !isFolder.boolValue else { throw .unreadable(file: file, reason: "is a folder, not a file") }
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            defer { try? handle.close() }
            let bytes = try handle.read(upToCount: maximumFileSize + 1) ?? Foundation.Data()
            guard bytes.count <= maximumFileSize else {
                throw TokenizerError.unreadable(file: file, reason: "is larger than \(maximumFileSize >> 20) MB")
            }
            guard !bytes.starts(with: lfsPointerStart) else {
                throw TokenizerError.unreadable(
                    file: file, reason: "is a Git LFS pointer, not the file itself; fetch it with 'git lfs pull'")
            }
            return bytes
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw .unreadable(file: file, reason: "cannot be read (\(error.localizedDescription))")
        }
    }

    subscript(key: String) -> JSONField {
        JSONField(file: file, path: path.isEmpty ? key : "\(path).\(key)", value: value?[key])
    }

    func malformed(_ reason: String) -> TokenizerError {
        .malformed(file: file, field: path.isEmpty ? "the whole file" : path, reason: reason)
    }

    func unsupported(_ reason: String) -> TokenizerError { .unsupported(file: file, field: path, reason: reason) }

    /// A text; throws where it is missing or something else.
    func string() throws(TokenizerError) -> String {
        guard let string = value?.string else { throw malformed(value == nil ? "is missing" : "is not a string") }
        return string
    }

    func bool(default fallback: Bool) throws(TokenizerError) -> Bool {
        guard let value else { return fallback }
        guard let bool = value.bool else { throw malformed("is neither true nor false") }
        return bool
    }

    /// The members of an object; throws where it is missing or something else.
    func object() throws(TokenizerError) -> JSONObject {
        guard let object = value?.object else { throw malformed(value == nil ? "is missing" : "is not an object") }
        return object
    }

    /// The elements of an array, none where it is missing.
    func elements() throws(TokenizerError) -> [JSONField] {
        guard let value else { return [] }
        guard let array = value.array else { throw malformed("is not an array") }
        return array.indices.map { JSONField(file: file, path: "\(path)[\($0)]", value: array[$0]) }
    }
}
