/// The numbers of one or more tensors: a block of float32 values, aligned to 64 bytes, which goes
/// back to the pool with its last owner. Its contents are undefined until written.
final class Storage {
    let count: Int
    let pointer: UnsafeMutablePointer<Float>

    init(count: Int) {
        self.count = count
        let address = StoragePool.shared.take(bytes: count * MemoryLayout<Float>.stride)
        pointer = address.bindMemory(to: Float.self, capacity: count)
    }

    deinit {
        StoragePool.shared.give(
            UnsafeMutableRawPointer(pointer), bytes: count * MemoryLayout<Float>.stride)
    }
}
