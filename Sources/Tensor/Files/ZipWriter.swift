import Foundation

/// Writes a zip archive of stored entries as PyTorch lays it out: contents at multiples of 64 bytes,
/// so that a reader can map them. Archives of 4 GiB and more get zip64 fields.
struct ZipWriter {
    private(set) var archive = Foundation.Data()
    private var directory = Foundation.Data()
    private var count = 0

    mutating func add(_ name: String, _ contents: Foundation.Data) {
        let offset = archive.count
        let checksum = ZipArchive.checksum(contents)
        let isLarge = contents.count >= 0xFFFF_FFFF
        let sizes = isLarge ? zip64([contents.count, contents.count]) : Foundation.Data()
        let nameBytes = Foundation.Data(name.utf8)
        // An extra field "FB" fills up to the next multiple of 64, as PyTorch's writer does.
        let unpadded = offset + 30 + nameBytes.count + sizes.count + 4
        let padding = (64 - unpadded % 64) % 64
        var local = little(UInt32(0x0403_4B50)) + little(UInt16(isLarge ? 45 : 0)) + little(UInt16(0x0800))
        local += little(UInt16(0)) + little(UInt32(0)) + little(checksum)
        let size = UInt32(isLarge ? 0xFFFF_FFFF : contents.count)
        local += little(size) + little(size) + little(UInt16(nameBytes.count))
        local += little(UInt16(sizes.count + 4 + padding)) + nameBytes + sizes
        local += Foundation.Data("FB".utf8) + little(UInt16(padding)) + Foundation.Data(repeating: 0x5A, count: padding)
        archive += local
        archive += contents

        let isFar = offset >= 0xFFFF_FFFF
        var extra: [Int] = isLarge ? [contents.count, contents.count] : []
        if isFar { extra.append(offset) }
        let extraBytes = extra.isEmpty ? Foundation.Data() : zip64(extra)
        var entry = little(UInt32(0x0201_4B50)) + little(UInt16(45)) + little(UInt16(isLarge || isFar ? 45 : 0))
        entry += little(UInt16(0x0800)) + little(UInt16(0)) + little(UInt32(0)) + little(checksum)
        entry += little(size) + little(size) + little(UInt16(nameBytes.count)) + little(UInt16(extraBytes.count))
        entry += little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt32(0))
        entry += little(UInt32(isFar ? 0xFFFF_FFFF : offset)) + nameBytes + extraBytes
        directory += entry
        count += 1
    }

    /// Adds the directory.
    ///
    /// - Returns: the whole archive
    mutating func finished() -> Foundation.Data {
        let start = archive.count
        archive += directory
        if start >= 0xFFFF_FFFF || count >= 0xFFFF {
            let record = archive.count
            archive += little(UInt32(0x0606_4B50)) + little(UInt64(44)) + little(UInt16(45)) + little(UInt16(45))
            archive += little(UInt32(0)) + little(UInt32(0)) + little(UInt64(count)) + little(UInt64(count))
            archive += little(UInt64(directory.count)) + little(UInt64(start))
            archive += little(UInt32(0x0706_4B50)) + little(UInt32(0)) + little(UInt64(record)) + little(UInt32(1))
        }
        let entries = UInt16(min(count, 0xFFFF))
        archive += little(UInt32(0x0605_4B50)) + little(UInt16(0)) + little(UInt16(0)) + little(entries) + little(entries)
        archive += little(UInt32(min(directory.count, 0xFFFF_FFFF))) + little(UInt32(min(start, 0xFFFF_FFFF)))
        archive += little(UInt16(0))
        return archive
    }

    private func zip64(_ values: [Int]) -> Foundation.Data {
        values.reduce(little(UInt16(1)) + little(UInt16(8 * values.count))) { $0 + little(UInt64($1)) }
    }

    private func little<T: FixedWidthInteger>(_ value: T) -> Foundation.Data {
        withUnsafeBytes(of: value.littleEndian) { Foundation.Data($0) }
    }
}
