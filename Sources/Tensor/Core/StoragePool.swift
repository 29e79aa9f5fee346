import Foundation
import Synchronization

/// Memory blocks of past tensors, kept for the next of their size: a training step asks for the
/// same sizes again and again, and fresh pages cost more than many kernels do.
///
/// Blocks are aligned to 64 bytes (a cache line, a 512-bit register) and come in size classes of
/// at most an eighth of waste. Batches differ in size, so unused blocks of other sizes are given back
/// to the system before new ones are taken from it.
final class StoragePool: Sendable {
    /// A block of memory, owned by whoever holds it.
    struct Block: @unchecked Sendable {  // An address alone; whoever takes the block owns what it points to.
        let address: UnsafeMutableRawPointer
        let size: Int
    }

    static let shared = StoragePool()

    /// Alignment of every block, in bytes.
    static let alignment = 64

    /// From this size on a block is a mapping of its own, in whole pages.
    private static let mappedSize = 1 << 17

    private let free = Mutex<[Int: [Block]]>([:])

    /// The size class, in bytes, that a request for `bytes` is served from.
    static func sizeClass(_ bytes: Int) -> Int {
        let least = max(bytes, 256)
        let top = 1 << (Int.bitWidth - 1 - least.leadingZeroBitCount)
        let step = max(top / 8, alignment)
        return (least + step - 1) / step * step
    }

    func take(bytes: Int) -> Block {
        let size = Self.sizeClass(bytes)
        // A slightly larger block serves too.
        let alternatives = [size, Self.sizeClass(size + 1), Self.sizeClass(size + size / 8 + 1)]
        let (found, unused) = free.withLock { free -> (Block?, [Block]) in
            for size in alternatives {
                if let block = free[size]?.popLast() { return (block, []) }
            }
            guard size >= Self.mappedSize else { return (nil, []) }
            var unused: [Block] = []
            var surplus = size
            for other in free.keys.sorted(by: >) where other >= Self.mappedSize {
                while surplus > 0, let block = free[other]?.popLast() {
                    unused.append(block)
                    surplus -= other
                }
            }
            return (nil, unused)
        }
        for block in unused { Self.release(block) }
        return found ?? Self.allocate(size)
    }

    func give(_ block: Block) { free.withLock { $0[block.size, default: []].append(block) } }

    private static func allocate(_ size: Int) -> Block {
        guard size >= mappedSize else {
            return Block(address: .allocate(byteCount: size, alignment: alignment), size: size)
        }
        guard let pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), pages != MAP_FAILED
        else { fatalError("out of memory: the system has no \(size) bytes left") }
        return Block(address: pages, size: size)
    }

    private static func release(_ block: Block) {
        if block.size >= mappedSize { munmap(block.address, block.size) } else { block.address.deallocate() }
    }
}
