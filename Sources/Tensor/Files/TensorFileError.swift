/// What can be wrong with a file of tensors. Offsets count bytes from the start of the part that
/// is being read.
public enum TensorFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file could not be opened or written; the system's reason.
    case system(path: String, String)
    /// The content is not what a file of tensors looks like.
    case notATensorFile(String)
    /// The bytes end in the middle of something.
    case truncated(offset: Int)
    /// The bytes contradict the format.
    case malformed(offset: Int, String)
    /// A pickle that asks for more than tensors.
    case forbidden(String)
    /// Legal, but not supported here.
    case unsupported(String)
    /// A weight that is no finite number, and where it stands in its tensor.
    case notFinite(value: Double, index: [Int])
    /// A weight that the type in which it is kept has no finite value for.
    case beyondRange(value: Double, index: [Int], of: Precision)
    /// One of the above, in a file.
    indirect case inFile(path: String, TensorFileError)

    public var description: String { text.message }

    private var text: String {
        switch self {
        case .system(let path, let reason): "\(path): \(reason)"
        case .notATensorFile(let what): what
        case .truncated(let offset): "the file is cut off at byte \(offset); copy or download it again"
        case .malformed(let offset, let reason): "\(reason) (at byte \(offset)); the file is damaged, copy or download it again"
        case .forbidden(let name):
            "the file wants to run '\(name)' while it is loaded, which no weights need; refused, nothing was run. If the file is yours, save model.state_dict() alone"
        case .unsupported(let what): what
        case .notFinite(let value, let index):
            "its value at \(index) is \(value.shortest), which is not finite; the file is damaged or its training went astray: "
                + "take another copy, or weights that were saved before"
        case .beyondRange(let value, let index, let precision):
            "its value at \(index) is \(value.shortest), which is beyond the range of \(precision.rawValue)"
                + (precision == .float32 ? "" : "; keep the weights in float32")
        case .inFile(let path, let error): "\(path): \(error)"
        }
    }
}

extension Double {
    /// Its shortest text, that of a float32 where it is one.
    fileprivate var shortest: String { Double(Float(self)) == self ? "\(Float(self))" : "\(self)" }
}
