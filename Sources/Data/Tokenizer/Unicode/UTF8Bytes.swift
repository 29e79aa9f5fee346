/// Contiguous UTF-8 of a Swift string, hence valid: a lead byte is always followed by its continuation
/// bytes, so the decoding below needs no checks beyond those of the buffer.
typealias UTF8Bytes = UnsafeBufferPointer<UInt8>

extension UInt8 {
    /// How many bytes a scalar of UTF-8 has that begins with this one.
    var scalarLength: Int { self < 0x80 ? 1 : self < 0xE0 ? 2 : self < 0xF0 ? 3 : 4 }
}

extension String {
    /// Calls `body` with the text's UTF-8, which is made contiguous if it is not yet.
    @inline(__always)
    mutating func withUTF8Bytes<Failure: Error>(_ body: (UTF8Bytes) throws(Failure) -> Void) throws(Failure) {
        // The standard library's function forgets which error the closure throws.
        var result = Result<Void, Failure>.success(())
        withUTF8 { bytes in
            do throws(Failure) { try body(bytes) } catch { result = .failure(error) }
        }
        try result.get()
    }
}

extension UTF8Bytes {
    /// The bytes of a range, counted from 0 again.
    func slice(_ range: Range<Int>) -> UTF8Bytes { UTF8Bytes(rebasing: self[range]) }

    /// Whether a text stands at an index. Eight bytes are compared at a step.
    @inline(__always)
    func contains(_ text: UTF8Bytes, at start: Int) -> Bool {
        guard text.count <= count - start else { return false }
        let (own, other) = (UnsafeRawBufferPointer(self), UnsafeRawBufferPointer(text))
        var index = 0
        while index + 8 <= text.count {
            let step = own.loadUnaligned(fromByteOffset: start + index, as: UInt64.self)
            guard step == other.loadUnaligned(fromByteOffset: index, as: UInt64.self) else { return false }
            index += 8
        }
        while index < text.count {
            guard self[start + index] == text[index] else { return false }
            index += 1
        }
        return true
    }

    /// The scalar that starts at an index, and the number of its bytes.
    @inline(__always)
    func scalar(at index: Int) -> (value: UInt32, length: Int) {
        let lead = UInt32(self[index])
        if lead < 0x80 { return (lead, 1) }
        let second = UInt32(self[index + 1] & 0x3F)
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
        let third = UInt32(self[index + 2] & 0x3F)
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
        return ((lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(self[index + 3] & 0x3F), 4)
    }

    /// The index at which the scalar that ends before `end` starts.
    @inline(__always)
    func startOfScalar(before end: Int) -> Int {
        var index = end - 1
        while index > 0, self[index] & 0xC0 == 0x80 { index -= 1 }
        return index
    }
}
