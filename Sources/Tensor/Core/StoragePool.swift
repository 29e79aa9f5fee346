import CKernels
import Foundation
import Synchronization

/// Memory blocks of past tensors, kept for the next of their size: a training step asks for the
/// same sizes again and again, and fresh pages cost more than many kernels do.
///
/// Blocks are aligned to 64 bytes (a cache line, a 512-bit register) and come in size classes of
/// at most an eighth of waste. Batches differ in size, so what has not been asked for again is given
/// back to the system once it becomes too much.
final class StoragePool: Sendable {
    /// A block of memory, owned by whoever holds it. Unchecked: an address alone, and nobody writes to what is there but
    /// the one who took the block from the pool.
    struct Block: @unchecked Sendable {
        let address: UnsafeMutableRawPointer
        let size: Int
    }

    static let shared = StoragePool()

    /// Alignment of every block, in bytes.
    static let alignment = 64

    /// From this size on a block is a mapping of its own, in whole pages.
    fileprivate static let mappedSize = 1 << 17

    /// From this size on a block lies on whole large pages, of which far fewer have to be fetched.
    private static let hugePage = 2 << 20

    private struct State {
        var free: [Int: [Block]] = [:]
        var freeBytes = 0
        var usedBytes = 0
        /// The most that was ever in use at once.
        var peakBytes = 0

        mutating func popFree(_ size: Int) -> Block? {
            guard let block = free[size]?.popLast() else { return nil }
            freeBytes -= size
            return block
        }

        /// The smallest block that serves instead and is at most twice as large: a small batch computes in
        /// the memory of a large one.
        mutating func popLarger(_ size: Int) -> Block? {
            guard size >= StoragePool.mappedSize else { return nil }
            let next = free.lazy.filter { $0.key > size && $0.key <= 2 * size && !$0.value.isEmpty }.map(\.key).min()
            return next.flatMap { popFree($0) }
        }

        mutating func use(_ size: Int) {
            usedBytes += size
            peakBytes = max(peakBytes, usedBytes)
        }
    }

    private let state = Mutex(State())

    deinit {
        for block in state.withLock({ $0.free.values.joined() }) { Self.release(block) }
    }

    /// The size class, in bytes, that a request for `bytes` is served from.
    static func sizeClass(_ bytes: Int) -> Int {
        let least = max(bytes, 256)
        let top = 1 << (Int.bitWidth - 1 - least.leadingZeroBitCount)
        let step = max(top / 8, alignment)
        return (least + step - 1) / step * step
    }

    func take(bytes: Int) -> Block {
        let size = Self.sizeClass(bytes)
        let (found, unused) = state.withLock { state -> (Block?, [Block]) in
            if let block = state.popFree(size) ?? state.popLarger(size) {
                state.use(block.size)
                return (block, [])
            }
            state.use(size)
            return (nil, Self.surplus(&state))
        }
        for block in unused { Self.release(block) }
        let block = found ?? Self.allocate(size)
        memory_is_taken(block.address, Int64(bytes), Int64(block.size))
        return block
    }

    func give(_ block: Block) {
        memory_is_kept(block.address, Int64(block.size))
        state.withLock {
            $0.free[block.size, default: []].append(block)
            $0.freeBytes += block.size
            $0.usedBytes -= block.size
        }
    }

    /// Gives every large unused block back to the system: after work whose sizes do not come again.
    func trim() {
        let unused = state.withLock { state in
            state.peakBytes = state.usedBytes
            return Self.surplus(&state, limit: 0)
        }
        for block in unused { Self.release(block) }
    }

    /// Unused blocks to part with, the largest first, so that all memory together stays within a quarter
    /// above the most that was ever in use.
    private static func surplus(_ state: inout State, limit: Int? = nil) -> [Block] {
        var surplus: [Block] = []
        let limit = limit ?? state.peakBytes + state.peakBytes / 4
        for size in state.free.keys.sorted(by: >) where size >= mappedSize {
            while state.usedBytes + state.freeBytes > limit, let block = state.popFree(size) { surplus.append(block) }
        }
        return surplus
    }

    private static func allocate(_ size: Int) -> Block {
        guard size >= mappedSize else {
            return Block(address: .allocate(byteCount: size, alignment: alignment), size: size)
        }
        let isHuge = size >= hugePage
        let length = isHuge ? size + hugePage : size
        guard let pages = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), pages != MAP_FAILED
        else { fatalError("out of memory: the system has no \(size) bytes left") }
        guard isHuge else { return Block(address: pages, size: size) }
        // What lies before the first large page and behind the block goes back at once.
        let head = (hugePage - Int(bitPattern: pages) % hugePage) % hugePage
        if head > 0 { munmap(pages, head) }
        if head < hugePage { munmap(pages + head + size, hugePage - head) }
        #if os(Linux)
            madvise(pages + head, size, Int32(MADV_HUGEPAGE))
        #endif
        return Block(address: pages + head, size: size)
    }

    private static func release(_ block: Block) {
        memory_is_released(block.address, Int64(block.size))
        if block.size >= mappedSize { munmap(block.address, block.size) } else { block.address.deallocate() }
    }
}
