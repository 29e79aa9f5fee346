/// A zip archive of stored files, taken apart and put together again with checksums that are right.
struct PlainZip {
    var files: [(name: String, contents: [UInt8])] = []

    /// - Returns: `nil` for archives that are damaged, deflated or empty
    init?(_ bytes: [UInt8]) {
        for entry in Self.directory(bytes) {
            guard entry.isStored, let range = entry.contents else { return nil }
            files.append((entry.name, Array(bytes[range])))
        }
        if files.isEmpty { return nil }
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for (name, contents) in files {
            let place = bytes.count
            let shared =
                Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 4) + Self.little(Int(Self.checksum(contents[...])), 4)
                + Self.little(contents.count, 4) + Self.little(contents.count, 4) + Self.little(name.utf8.count, 2) + Self.little(0, 2)
            bytes += [0x50, 0x4B, 3, 4] + Self.little(20, 2) + shared + name.utf8 + contents
            directory +=
                [0x50, 0x4B, 1, 2] + Self.little(20, 2) + Self.little(20, 2) + shared + Self.little(0, 2) + Self.little(0, 2)
                + Self.little(0, 2)
            directory += Self.little(0, 4) + Self.little(place, 4) + name.utf8
        }
        let start = bytes.count
        bytes += directory + [0x50, 0x4B, 5, 6] + Self.little(0, 4) + Self.little(files.count, 2) + Self.little(files.count, 2)
        return bytes + Self.little(directory.count, 4) + Self.little(start, 4) + Self.little(0, 2)
    }

    /// The same bytes with the checksums of what lies at the places that the directory names.
    static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for entry in directory(bytes) {
            guard let range = entry.contents else { continue }
            for (index, byte) in little(Int(checksum(bytes[range])), 4).enumerated() { bytes[entry.place + 16 + index] = byte }
        }
        return bytes
    }

    private struct Entry {
        let name: String
        /// Of its line in the directory.
        let place: Int
        let isStored: Bool
        let contents: Range<Int>?
    }

    private static func directory(_ bytes: [UInt8]) -> [Entry] {
        var entries: [Entry] = []
        var place = 0
        func number(_ at: Int, _ size: Int) -> Int { (0..<size).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) } }
        while place + 46 <= bytes.count {
            guard bytes[place] == 0x50, bytes[place + 1] == 0x4B, bytes[place + 2] == 1, bytes[place + 3] == 2 else {
                place += 1
                continue
            }
            let (size, offset) = (number(place + 20, 4), number(place + 42, 4))
            var contents: Range<Int>?
            if offset + 30 <= bytes.count {
                let start = offset + 30 + number(offset + 26, 2) + number(offset + 28, 2)
                if start + size <= bytes.count { contents = start..<start + size }
            }
            let end = min(bytes.count, place + 46 + number(place + 28, 2))
            entries.append(
                Entry(
                    name: String(decoding: bytes[place + 46..<end], as: UTF8.self), place: place, isStored: number(place + 10, 2) == 0,
                    contents: contents))
            place = end
        }
        return entries
    }

    private static func little(_ value: Int, _ size: Int) -> [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
    }
}
