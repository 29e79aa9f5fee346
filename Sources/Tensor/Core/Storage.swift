/// The numbers of one or more tensors: a block of memory, which goes back to the pool with its last
/// owner. Its contents are undefined until written.
final class Storage {
    private let block: StoragePool.Block
    var pointer: UnsafeMutableRawPointer { block.address }

    init(bytes: Int) { block = StoragePool.shared.take(bytes: bytes) }

    deinit { StoragePool.shared.give(block) }
}
