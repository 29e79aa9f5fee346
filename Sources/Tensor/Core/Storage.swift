/// The numbers of one or more tensors: a block of memory, which goes back to the pool with its last
/// owner. Its contents are undefined until written.
final class Storage {
    private let block: StoragePool.Block
    var pointer: UnsafeMutableRawPointer { block.address }

    /// How many bytes were asked for; the block may have more.
    let requestedBytes: Int

    init(bytes: Int) {
        requestedBytes = bytes
        block = StoragePool.shared.take(bytes: bytes)
    }

    deinit { StoragePool.shared.give(block) }
}
