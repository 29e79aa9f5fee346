import Foundation

/// What a worker tells its supervisor, in memory that both have: it is there also when the worker is dead.
final class WorkerState {
    /// Kinds of refusal beyond these are not counted apart.
    private static let kindLimit = 1000
    private static let kindSize = 128
    private static let head = 256
    private static let size = head + kindLimit * kindSize

    private let memory: UnsafeMutableRawPointer

    /// - Parameter path: of a file that is made where it is not there
    init(_ path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0, ftruncate(file, off_t(Self.size)) == 0,
            let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), memory != MAP_FAILED
        else { throw FuzzFailure("\(path) cannot be shared") }
        close(file)
        self.memory = memory
    }

    deinit { munmap(memory, Self.size) }

    private subscript(word: Int) -> Int {
        get { memory.load(fromByteOffset: word * 8, as: Int.self) }
        set { memory.storeBytes(of: newValue, toByteOffset: word * 8, as: Int.self) }
    }

    /// The number of the input that is being read; -1 before the first.
    var current: Int {
        get { self[0] - 1 }
        set { self[0] = newValue + 1 }
    }
    var done: Int {
        get { self[1] }
        set { self[1] = newValue }
    }
    var accepted: Int {
        get { self[2] }
        set { self[2] = newValue }
    }
    var slowestNanoseconds: Int {
        get { self[3] }
        set { self[3] = newValue }
    }
    var slowest: Int {
        get { self[4] }
        set { self[4] = newValue }
    }
    /// The most memory that the process has had, in bytes, and the input at which it grew to that.
    var peakBytes: Int {
        get { self[5] }
        set { self[5] = newValue }
    }
    var peak: Int {
        get { self[6] }
        set { self[6] = newValue }
    }
    private var kindCount: Int {
        get { self[7] }
        set { self[7] = newValue }
    }

    /// Where reading is.
    var stage: String {
        get { text(at: 128, limit: 64) }
        set { write(newValue, at: 128, limit: 64) }
    }

    func setStage(_ stage: StaticString) {
        let count = min(stage.utf8CodeUnitCount, 63)
        (memory + 128).copyMemory(from: stage.utf8Start, byteCount: count)
        (memory + 128 + count).storeBytes(of: 0, as: UInt8.self)
    }

    private var places: [String: Int] = [:]

    func count(_ kind: String) {
        if let place = places[kind] {
            let offset = Self.head + place * Self.kindSize
            memory.storeBytes(of: memory.load(fromByteOffset: offset, as: Int.self) + 1, toByteOffset: offset, as: Int.self)
            return
        }
        guard kindCount < Self.kindLimit else { return }
        let place = kindCount
        places[kind] = place
        memory.storeBytes(of: 1, toByteOffset: Self.head + place * Self.kindSize, as: Int.self)
        write(kind, at: Self.head + place * Self.kindSize + 8, limit: Self.kindSize - 8)
        kindCount = place + 1
    }

    var kinds: [(kind: String, count: Int)] {
        (0..<min(kindCount, Self.kindLimit)).map { place in
            let offset = Self.head + place * Self.kindSize
            return (text(at: offset + 8, limit: Self.kindSize - 8), memory.load(fromByteOffset: offset, as: Int.self))
        }
    }

    private func text(at offset: Int, limit: Int) -> String {
        let bytes = UnsafeRawBufferPointer(start: memory + offset, count: limit)
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private func write(_ text: String, at offset: Int, limit: Int) {
        var bytes = Array(text.utf8.prefix(limit - 1))
        bytes.append(0)
        UnsafeMutableRawBufferPointer(start: memory + offset, count: limit).copyBytes(from: bytes)
    }
}
