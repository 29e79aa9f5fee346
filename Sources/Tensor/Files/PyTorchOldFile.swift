import Foundation

/// What `torch.save` wrote before PyTorch 1.6, and what some tools write still: pickles one after the other, of a magic
/// number, a version, facts of the machine and the value itself, then of the storages' keys, and after these the storages,
/// each with the number of its elements before it.
enum PyTorchOldFile {
    private static let magic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    private static let version = 1001

    /// Whether a file begins with the magic number.
    static func hasMagic(_ bytes: Foundation.Data) -> Bool { bytes.prefix(32).firstRange(of: magic) != nil }

    static func parse(_ bytes: Foundation.Data) throws(TensorFileError) -> StateDictionary {
        let none = { (_: String, _: ElementType) throws(TensorFileError) in StoredTensor.SharedBytes(Foundation.Data()) }
        var offset = 0
        func pickle() throws(TensorFileError) -> (PickleReader, PickleValue) {
            var reader = PickleReader(bytes, at: offset, buildsTensors: false, storage: none)
            let value = try reader.value()
            offset = reader.offset
            return (reader, value)
        }
        _ = try pickle()
        guard case .integer(version) = try pickle().1 else {
            throw .unsupported("the file is of another version of PyTorch's old format than \(version); save it again with torch.save")
        }
        let (facts, machine) = try pickle()
        if case .dictionary(let place) = machine {
            let items = facts.containers[place]
            for index in stride(from: 0, to: items.count - 1, by: 2) {
                guard case .string("little_endian") = items[index], case .bool(false) = items[index + 1] else { continue }
                throw PyTorchFile.bigEndian
            }
        }
        // The value names storages that come after it: it is read once for its end and their types, and once for its tensors.
        let start = offset
        let types = Types()
        var scan = PickleReader(bytes, at: start, buildsTensors: false) { (key, type) throws(TensorFileError) in
            types.byKey[key] = type
            return try none(key, type)
        }
        _ = try scan.value()
        offset = scan.offset
        let (keys, list) = try pickle()
        guard case .list(let place) = list else { throw .malformed(offset: offset, "the keys of the storages are not a list") }
        var storages: [String: StoredTensor.SharedBytes] = [:]
        var cursor = ByteCursor(bytes, at: offset)
        for key in keys.containers[place] {
            guard case .string(let key) = key, let type = types.byKey[key] else {
                throw .malformed(offset: cursor.offset, "a storage that no tensor lies in")
            }
            let (size, isBeyond) = try cursor.length().multipliedReportingOverflow(by: type.size)
            guard !isBeyond else { throw .truncated(offset: cursor.offset) }
            storages[key] = StoredTensor.SharedBytes(try cursor.take(size))
        }
        var reader = PickleReader(bytes, at: start) { [storages] (key, _) throws(TensorFileError) in
            guard let storage = storages[key] else { throw .malformed(offset: start, "the storage '\(key)' is missing from the file") }
            return storage
        }
        return try PyTorchFile.stateDictionary(try reader.value(), in: reader)
    }

    /// The types of storages, by their keys.
    private final class Types { var byKey: [String: ElementType] = [:] }
}
