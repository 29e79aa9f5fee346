import Foundation
import Synchronization

/// The pages of files that are read as memory. Whoever has taken what it needs of them gives them back, so that a
/// model takes its own memory while it is read and not that of its file besides.
enum MappedPages {
    /// The end of each mapping, by its start.
    private static let mappings = Mutex<[UInt: UInt]>([:])

    /// Bytes that are the pages of a file. The last that holds them unmaps them.
    ///
    /// - Returns: `nil` where the system cannot map the file
    static func map(_ file: Int32, size: Int) -> Foundation.Data? {
        guard let pages = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), pages != MAP_FAILED else { return nil }
        let start = UInt(bitPattern: pages)
        mappings.withLock { $0[start] = start + UInt(size) }
        return Foundation.Data(
            bytesNoCopy: pages, count: size,
            deallocator: .custom { pages, size in
                mappings.withLock { $0[UInt(bitPattern: pages)] = nil }
                munmap(pages, size)
            })
    }

    /// Gives back the pages that lie whole within bytes that were read, if they are a file's. Who reads them again
    /// gets them from the file again.
    static func release(_ bytes: UnsafeRawBufferPointer) {
        let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
        let start = UInt(bitPattern: bytes.baseAddress)
        let end = start + UInt(bytes.count)
        // Memory of one's own would be lost.
        let isMapped = mappings.withLock { $0.contains { $0.key <= start && end <= $0.value } }
        let (first, last) = ((start + page - 1) / page * page, end / page * page)
        guard isMapped, first < last else { return }
        madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), MADV_DONTNEED)
    }

    static func release(_ bytes: Foundation.Data) { bytes.withUnsafeBytes { release($0) } }
}
