import Foundation
import Synchronization

/// A number that stands for some content: two that differ belong to different contents, and two that are equal,
/// for all purposes but those of an attacker, to one.
public struct Fingerprint: Hashable, Sendable {
    /// The number itself.
    public let value: UInt64

    /// A number that stands for some content already.
    public init(_ value: UInt64) { self.value = value }

    /// Of tensors in order: their shapes, element types and bytes, whatever the file that they lie in.
    public init(of tensors: [StoredTensor]) {
        var mix = Mix()
        var (waiting, size) = ([Foundation.Data](), 0)
        func flush() {
            for checksum in Self.checksums(of: waiting) { mix.add(UInt64(checksum)) }
            (waiting, size) = ([], 0)
        }
        for tensor in tensors {
            mix.add(UInt64(tensor.shape.count))
            for length in tensor.shape { mix.add(UInt64(length)) }
            for byte in tensor.elementType.rawValue.utf8 { mix.add(UInt64(byte)) }
        }
        for tensor in tensors {
            waiting.append(tensor.contiguousBytes)
            size += tensor.byteCount
            if size >= 64 << 20 { flush() }
        }
        flush()
        value = mix.value
    }

    /// Of a text's UTF-8.
    public init(of text: String) {
        var mix = Mix()
        for byte in text.utf8 { mix.add(UInt64(byte)) }
        value = mix.value
    }

    /// Of a file's bytes. They are read and not mapped: a file of any size takes one piece of memory a thread.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``
    public static func ofFile(_ path: String) throws(TensorFileError) -> Fingerprint {
        let (file, size) = try TensorFile.opened(path)
        defer { close(file) }
        let pieces = (size + piece - 1) / piece
        let state = Mutex(Progress(unclaimed: 0..<pieces, checksums: Array(repeating: 0, count: pieces)))
        Parallel.forEach(max(1, min(pieces, Parallel.threads))) { _ in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(size, piece), alignment: 64)
            defer { buffer.deallocate() }
            while let number = state.withLock({ $0.claim() }) {
                let count = min(piece, size - number * piece)
                let failure = read(file, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: number * piece)
                let checksum = ZipArchive.checksum(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                state.withLock { state in
                    state.checksums[number] = checksum
                    state.failure = state.failure ?? failure
                }
            }
        }
        let end = state.withLock { $0 }
        if let failure = end.failure { throw .system(path: path, failure) }
        var mix = Mix()
        mix.add(UInt64(size))
        for checksum in end.checksums { mix.add(UInt64(checksum)) }
        return Fingerprint(mix.value)
    }

    /// What the threads that read a file share.
    private struct Progress {
        var unclaimed: Range<Int>
        /// Of each piece. 4 bytes a MiB.
        var checksums: [UInt32]
        var failure: String?

        /// The next piece; nil after the last or a failure.
        mutating func claim() -> Int? { failure == nil ? unclaimed.popFirst() : nil }
    }

    /// Fills a buffer from a place in a file.
    ///
    /// - Returns: what went wrong, if something did
    private static func read(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> String? {
        var filled = 0
        while filled < buffer.count {
            let count = pread(file, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(offset + filled))
            if count < 0, errno == EINTR { continue }
            if count < 0 { return "cannot be read (\(String(cString: strerror(errno))))" }
            if count == 0 { return "became shorter while it was read; start again with a file that stays as it is" }
            filled += count
        }
        return nil
    }

    /// Contents are cut into pieces of this many bytes, whatever the number of threads.
    private static let piece = 1 << 20

    /// The CRC-32 of every piece of every content, in order.
    private static func checksums(of contents: [Foundation.Data]) -> [UInt32] {
        let pieces = contents.flatMap { content in
            stride(from: 0, to: content.count, by: piece).map { start in
                let first = content.startIndex + start
                return content[first..<min(first + piece, content.endIndex)]
            }
        }
        return [UInt32](unsafeUninitializedCapacity: pieces.count) { buffer, initialized in
            if let start = buffer.baseAddress, !pieces.isEmpty {
                Parallel.forEach(pieces.count) { start.advanced(by: $0).initialize(to: ZipArchive.checksum(pieces[$0])) }
            }
            initialized = pieces.count
        }
    }

    /// Numbers into one, by the finish of SplitMix64 (Steele et al. 2014).
    private struct Mix {
        var value: UInt64 = 0

        mutating func add(_ number: UInt64) {
            var z = (value ^ number) &+ 0x9E37_79B9_7F4A_7C15
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            value = z ^ z >> 31
        }
    }
}

extension Fingerprint: LosslessStringConvertible {
    /// 16 hexadecimal digits.
    public var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Reads what ``description`` writes; `nil` for another text.
    public init?(_ description: String) {
        guard description.utf8.count == 16, let value = UInt64(description, radix: 16) else { return nil }
        self.value = value
    }
}
