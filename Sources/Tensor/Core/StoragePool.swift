import Foundation
import Synchronization

/// Memory blocks of past tensors, kept for the next of their size: a training step asks for the
/// same sizes again and again, and fresh pages cost more than many kernels do.
///
/// Blocks are aligned to 64 bytes (a cache line, a 512-bit register) and come in size classes of
/// at most 25 % waste.
final class StoragePool: Sendable {
    static let shared = StoragePool()

    /// Alignment of every block, in bytes.
    static let alignment = 64

    private struct Block: @unchecked Sendable {  // Owned by the pool alone while it is in here.
        let address: UnsafeMutableRawPointer
    }

    private let free = Mutex<[Int: [Block]]>([:])

    /// The size class, in bytes, that a request for `bytes` is served from.
    static func sizeClass(_ bytes: Int) -> Int {
        let least = max(bytes, 256)
        let top = 1 << (Int.bitWidth - 1 - least.leadingZeroBitCount)
        let step = max(top / 4, alignment)
        return (least + step - 1) / step * step
    }

    func take(bytes: Int) -> UnsafeMutableRawPointer {
        let size = Self.sizeClass(bytes)
        if let block = free.withLock({ $0[size]?.popLast() }) { return block.address }
        return UnsafeMutableRawPointer.allocate(byteCount: size, alignment: Self.alignment)
    }

    func give(_ address: UnsafeMutableRawPointer, bytes: Int) {
        let block = Block(address: address)
        free.withLock { $0[Self.sizeClass(bytes), default: []].append(block) }
    }
}
