import Foundation

/// What `torch.save` writes: a zip archive of a pickle, `data.pkl`, that names tensors, and of
/// their storages, `data/0`, `data/1`, ….
public enum PyTorchFile {
    /// Reads a state dict: a dictionary of tensors, or one that holds such a dictionary under
    /// `state_dict`, `model`, `module` or `model_state_dict`. Values that are no tensors are passed
    /// over. Nothing in the file is executed.
    ///
    /// - Throws: ``TensorFileError/inFile(path:_:)``
    public static func read(_ path: String) throws(TensorFileError) -> StateDictionary {
        try TensorFile.reading(path) { bytes throws(TensorFileError) in
            if PyTorchOldFile.hasMagic(bytes) { return try PyTorchOldFile.parse(bytes) }
            guard bytes.starts(with: [0x50, 0x4B]) else {
                throw .notATensorFile(TensorFile.stranger(bytes) ?? "this seems to be a safetensors file, not a .pth file")
            }
            return try parse(bytes)
        }
    }

    static func parse(_ bytes: Foundation.Data) throws(TensorFileError) -> StateDictionary {
        let archive = try ZipArchive(bytes)
        guard let pickle = archive.entries.first(where: { $0.name == "data.pkl" || $0.name.hasSuffix("/data.pkl") }) else {
            throw .notATensorFile("this zip archive holds no data.pkl, so torch.save did not write it")
        }
        let folder = pickle.name.dropLast("data.pkl".count)
        let entries = Dictionary(archive.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        if let order = entries[folder + "byteorder"], try archive.contents(order) != Foundation.Data("little".utf8) {
            throw bigEndian
        }
        let storages = Storages(archive: archive, folder: String(folder), entries: entries)
        var reader = PickleReader(try archive.contents(pickle)) { (key, type) throws(TensorFileError) in
            try storages.storage(key)
        }
        let root: PickleValue
        do throws(TensorFileError) {
            root = try reader.value()
        } catch {
            throw .inFile(path: pickle.name, error)
        }
        var dictionary = try stateDictionary(root, in: reader)
        if let record = entries[folder + provenanceRecord] {
            let contents = try archive.contents(record)
            guard let text = String(validating: contents, as: UTF8.self) else {
                throw .malformed(offset: 0, "'\(provenanceRecord)' in the archive is no text")
            }
            dictionary.metadata[StateDictionary.provenanceKey] = text
        }
        return dictionary
    }

    static let bigEndian = TensorFileError.unsupported(
        "the file was written on a big-endian machine; load and save it again on a little-endian one")

    /// The record that keeps a state dict's provenance; `torch.load` passes it over.
    private static let provenanceRecord = "provenance.json"

    /// Each storage is read once, so that tensors which share one share it here too.
    private final class Storages {
        private let archive: ZipArchive
        private let folder: String
        private let entries: [String: ZipArchive.Entry]
        private var found: [String: StoredTensor.SharedBytes] = [:]

        init(archive: ZipArchive, folder: String, entries: [String: ZipArchive.Entry]) {
            self.archive = archive
            self.folder = folder
            self.entries = entries
        }

        func storage(_ key: String) throws(TensorFileError) -> StoredTensor.SharedBytes {
            if let storage = found[key] { return storage }
            guard let entry = entries["\(folder)data/\(key)"] else {
                throw .malformed(offset: 0, "the storage 'data/\(key)' is missing from the archive")
            }
            let storage = StoredTensor.SharedBytes(try archive.contents(entry))
            found[key] = storage
            return storage
        }
    }

    /// The tensors that a pickle holds, by name.
    static func stateDictionary(
        _ root: PickleValue, in reader: PickleReader
    ) throws(TensorFileError) -> StateDictionary {
        guard case .dictionary(let place) = root else {
            throw .unsupported("the file holds no dictionary of tensors; save model.state_dict()")
        }
        let tensors = tensors(of: reader.containers[place])
        if tensors.count > 0 || reader.containers[place].isEmpty { return tensors }
        let items = reader.containers[place]
        for i in stride(from: 0, to: items.count - 1, by: 2) {
            guard case .string(let name) = items[i], nestingKeys.contains(name), case .dictionary(let inner) = items[i + 1]
            else { continue }
            let tensors = self.tensors(of: reader.containers[inner])
            if tensors.count > 0 { return tensors }
        }
        throw .unsupported("the dictionary in the file holds no tensors; save model.state_dict()")
    }

    /// Where a checkpoint keeps the state dict among other things.
    private static let nestingKeys: Set<String> = ["state_dict", "model", "module", "model_state_dict"]

    /// The tensors among a dictionary's keys and values.
    private static func tensors(of items: [PickleValue]) -> StateDictionary {
        var result = StateDictionary()
        for i in stride(from: 0, to: items.count - 1, by: 2) {
            guard case .string(let name) = items[i], case .tensor(let tensor) = items[i + 1] else { continue }
            result[name] = tensor
        }
        return result
    }

    /// Writes a state dict that `torch.load(weights_only=True)` reads; tensors that share a storage
    /// share it there too. Of the metadata, the provenance is kept.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``; ``TensorFileError/unsupported(_:)`` for a quantised tensor
    public static func write(_ dictionary: StateDictionary, to path: String) throws(TensorFileError) {
        for name in dictionary.names {
            guard let type = dictionary[name]?.elementType, type.isQuantized || type == .uint32 || type.isFloat8 else { continue }
            throw .unsupported("'\(name)': \(type.rawValue) is not written in a .pth file; write its values as float32 or 16 bits")
        }
        try AtomicFile.write(encode(dictionary), to: path)
    }

    static func encode(_ dictionary: StateDictionary) -> Foundation.Data {
        var pickle = PickleWriter()
        var storages: [Foundation.Data] = []
        var keys: [ObjectIdentifier: Int] = [:]
        pickle.beginDictionary()
        for name in dictionary.names {
            guard let tensor = dictionary[name] else { continue }
            // A view of a part, or a strided one, is written as a contiguous tensor of its own.
            let isWhole = tensor.isContiguous && tensor.byteCount == tensor.storage.count
            let identity = ObjectIdentifier(tensor.storage)
            let key: Int
            if isWhole, let known = keys[identity] {
                key = known
            } else {
                key = storages.count
                storages.append(tensor.contiguousBytes)
                if isWhole { keys[identity] = key }
            }
            pickle.tensor(name: name, tensor, storageKey: key)
        }
        pickle.end()
        var archive = ZipWriter()
        archive.add("archive/data.pkl", pickle.bytes)
        archive.add("archive/byteorder", Foundation.Data("little".utf8))
        for (key, storage) in storages.enumerated() { archive.add("archive/data/\(key)", storage) }
        archive.add("archive/version", Foundation.Data("3\n".utf8))
        if let provenance = dictionary.metadata[StateDictionary.provenanceKey] {
            archive.add("archive/\(provenanceRecord)", Foundation.Data(provenance.utf8))
        }
        return archive.finished()
    }
}
