import Foundation

/// The GGUF format of llama.cpp: metadata, a list of tensors, then their bytes, each at a multiple of the
/// alignment. Versions 2 and 3, little-endian.
public struct GGUFFile: Sendable {
    /// The model's sizes, its vocabulary, and more.
    public let metadata: GGUFMetadata

    /// The tensors. They lie in the file's own pages; a shape is row-major, `[rows, width]`, the reverse of
    /// what the file says.
    public let tensors: StateDictionary

    /// Tensors begin at multiples of this many bytes: `general.alignment`.
    public let alignment: Int

    static let magic = Array("GGUF".utf8)
    static let defaultAlignment = 32
    static let alignmentKey = "general.alignment"
    /// ggml's own limit.
    static let maximumDimensions = 4
    private static let maximumEntries = 1 << 16

    /// Reads the metadata and the list of tensors, which stay in the file's own pages until they are asked for their
    /// values.
    ///
    /// - Throws: ``TensorFileError/inFile(path:_:)``
    public static func read(_ path: String) throws(TensorFileError) -> GGUFFile {
        try TensorFile.reading(path) { bytes throws(TensorFileError) in
            guard bytes.starts(with: magic) else {
                throw .notATensorFile(TensorFile.stranger(bytes) ?? "this is another file of weights, not a GGUF file")
            }
            return try parse(bytes)
        }
    }

    static func parse(_ bytes: Foundation.Data) throws(TensorFileError) -> GGUFFile {
        let header = try bytes.withUnsafeBytes { raw in
            Result { () throws(TensorFileError) in try Header(raw) }
        }.get()
        return try GGUFFile(header, bytes)
    }

    /// Every place is checked before a tensor is made of it.
    private init(_ header: Header, _ bytes: Foundation.Data) throws(TensorFileError) {
        metadata = header.metadata
        alignment = header.alignment
        // A file without tensors may end before its contents would begin.
        let start = header.end + (alignment - header.end % alignment) % alignment
        var tensors = StateDictionary()
        var covered: [(range: Range<Int>, entry: Entry)] = []
        for entry in header.entries {
            guard tensors[entry.name] == nil else { throw .malformed(offset: entry.place, "two tensors named '\(entry.name)'") }
            let type = try GGUFElementType.type(entry.type, of: entry.name)
            let range = try Self.range(of: entry, type, from: start, alignment: alignment, size: bytes.count)
            let place = bytes.startIndex
            let storage = StoredTensor.SharedBytes(bytes[place + range.lowerBound..<place + range.upperBound])
            tensors[entry.name] = try StoredTensor(
                shape: entry.shape, elementType: type, storage: storage, offset: 0,
                strides: StoredTensor.contiguousStrides(entry.shape))
            covered.append((range, entry))
        }
        covered.sort { $0.range.lowerBound < $1.range.lowerBound }
        for (first, second) in zip(covered, covered.dropFirst()) where second.range.lowerBound < first.range.upperBound {
            throw .malformed(offset: second.entry.place, "'\(second.entry.name)' lies over '\(first.entry.name)'")
        }
        self.tensors = tensors
    }

    /// The bytes that a tensor takes in the file.
    private static func range(
        of entry: Entry, _ type: ElementType, from start: Int, alignment: Int, size: Int
    ) throws(TensorFileError) -> Range<Int> {
        let name = "'\(entry.name)' of shape \(entry.shape)"
        var (count, overflows) = (1, false)
        for size in entry.shape {
            let product = count.multipliedReportingOverflow(by: size)
            (count, overflows) = (product.partialValue, overflows || product.overflow)
        }
        guard !overflows else { throw .malformed(offset: entry.place, "\(name) has more elements than any tensor") }
        guard (entry.shape.last ?? 1) % type.elementsPerBlock == 0 else {
            throw .malformed(offset: entry.place, "\(name): \(type) takes rows of a multiple of \(type.elementsPerBlock)")
        }
        let length = (count / type.elementsPerBlock).multipliedReportingOverflow(by: type.size)
        guard entry.offset % UInt64(alignment) == 0 else {
            throw .malformed(offset: entry.place, "\(name) begins at \(entry.offset), which is no multiple of \(alignment)")
        }
        guard !length.overflow, start <= size, let offset = Int(exactly: entry.offset), offset <= size - start,
            length.partialValue <= size - start - offset
        else {
            throw .malformed(offset: entry.place, "\(name) reaches beyond the end of the file, which has \(size) bytes")
        }
        return start + offset..<start + offset + length.partialValue
    }

    /// A line of the list of tensors.
    private struct Entry {
        let name: String
        let shape: [Int]
        let type: UInt32
        /// From the start of the contents.
        let offset: UInt64
        /// Where the line begins in the file, for messages.
        let place: Int

        init(_ reader: inout GGUFReader) throws(TensorFileError) {
            place = reader.offset
            name = try reader.text("a tensor's name")
            let dimensions = try reader.number(UInt32.self)
            guard dimensions <= maximumDimensions else {
                throw .malformed(offset: place, "'\(name)' of \(dimensions) dimensions; GGUF has \(maximumDimensions)")
            }
            var shape: [Int] = []
            for _ in 0..<dimensions {
                let size = try reader.number(UInt64.self)
                guard let size = Int(exactly: size), size > 0 else {
                    throw .malformed(offset: place, "'\(name)' with a dimension of \(size)")
                }
                shape.append(size)
            }
            self.shape = shape.reversed()
            type = try reader.number(UInt32.self)
            offset = try reader.number(UInt64.self)
        }
    }

    /// All before the contents.
    private struct Header {
        private(set) var metadata = GGUFMetadata()
        private(set) var entries: [Entry] = []
        let alignment: Int
        let end: Int

        init(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
            var reader = GGUFReader(bytes)
            _ = try reader.number(UInt32.self)
            let version = try reader.number(UInt32.self)
            guard version == 2 || version == 3 else {
                if 1...3 ~= version.byteSwapped {
                    throw .unsupported("this GGUF file is big-endian; convert the model again for a little-endian machine")
                }
                throw .unsupported("this GGUF file is of version \(version), not 2 or 3; convert the model again with llama.cpp of today")
            }
            // A line of the list takes 24 bytes, a key and its value 13, if all that can be empty is.
            let tensorCount = try reader.count("tensors", size: 24, atMost: maximumEntries)
            let keyCount = try reader.count("keys of metadata", size: 13, atMost: maximumEntries)
            for _ in 0..<keyCount {
                let place = reader.offset
                let key = try reader.text("a key")
                guard metadata[key] == nil else { throw .malformed(offset: place, "two values for '\(key)'") }
                do throws(TensorFileError) {
                    metadata[key] = try reader.value()
                } catch .malformed(let offset, let reason) {
                    throw .malformed(offset: offset, "'\(key)': \(reason)")
                }
            }
            let endOfMetadata = reader.offset
            for _ in 0..<tensorCount { entries.append(try Entry(&reader)) }
            end = reader.offset
            guard let alignment = GGUFFile.alignment(metadata) else {
                throw .malformed(offset: endOfMetadata, "\(alignmentKey) is no power of two below a million")
            }
            self.alignment = alignment
        }
    }

    /// What the metadata says of the alignment; `nil` for nonsense.
    static func alignment(_ metadata: GGUFMetadata) -> Int? {
        guard let value = metadata[alignmentKey] else { return defaultAlignment }
        guard let alignment = value.int, 1..<1 << 20 ~= alignment, alignment & (alignment - 1) == 0 else { return nil }
        return alignment
    }
}
