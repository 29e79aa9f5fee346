/// A map from pairs of numbers to a number, none of them negative. It stands in the innermost loops, where
/// a `Dictionary` spends most of its time on a hash that withstands chosen keys; these keys come from the
/// tokenizer's own file.
struct PairTable: Sendable {
    fileprivate struct Slot: Sendable {
        /// Both numbers in one word, which is compared and hashed in one step.
        var key: UInt64
        var value: Int32
    }

    /// No pair has this key, for its halves would be negative.
    private static let free = Slot(key: .max, value: -1)

    /// A pair is in the first free slot at or after the one that its hash names. At most half of them are
    /// taken, so that searches end soon. Their number is a power of two.
    private var slots: [Slot]
    private(set) var count = 0
    /// Leaves as many of the hash's upper bits as name a slot.
    private var shift: Int

    /// - Parameter minimumCapacity: The number of pairs for which there is room at once.
    init(minimumCapacity: Int = 0) {
        var bits = 4
        while 1 << bits < 2 * minimumCapacity { bits += 1 }
        shift = UInt64.bitWidth - bits
        slots = Array(repeating: Self.free, count: 1 << bits)
    }

    /// All pairs with their values, in no order.
    var all: [(left: Int32, right: Int32, value: Int32)] {
        slots.lazy.filter { $0.value >= 0 }.map {
            (Int32(truncatingIfNeeded: $0.key >> 32), Int32(truncatingIfNeeded: $0.key), $0.value)
        }
    }

    /// The map in plain memory, for the time of a call.
    struct Lookup {
        fileprivate let slots: UnsafePointer<Slot>
        fileprivate let mask: Int
        fileprivate let shift: UInt64

        /// The value of a pair; -1 if the map lacks it.
        @inline(__always)
        subscript(left: Int32, right: Int32) -> Int32 {
            let key = PairTable.key(left, right)
            var index = PairTable.home(of: key, shift)
            while slots[index].key != key, slots[index].value >= 0 { index = (index + 1) & mask }
            return slots[index].value
        }
    }

    /// Lends the map for looking up.
    func withLookup<Result>(_ body: (Lookup) -> Result) -> Result {
        slots.withUnsafeBufferPointer { slots in
            // There is always a slot.
            body(Lookup(slots: slots.baseAddress!, mask: slots.count - 1, shift: UInt64(shift)))
        }
    }

    /// Adds a pair; one that is there gets the new value.
    mutating func insert(_ left: Int32, _ right: Int32, _ value: Int32) {
        if 2 * (count + 1) > slots.count { grow() }
        let key = Self.key(left, right)
        let index = index(of: key)
        if slots[index].value < 0 { count += 1 }
        slots[index] = Slot(key: key, value: value)
    }

    private mutating func grow() {
        let taken = slots.filter { $0.value >= 0 }
        slots = Array(repeating: Self.free, count: 2 * slots.count)
        shift -= 1
        for slot in taken { slots[index(of: slot.key)] = slot }
    }

    @inline(__always)
    fileprivate static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The first slot in which a key may be.
    @inline(__always)
    fileprivate static func home(of key: UInt64, _ shift: UInt64) -> Int {
        // Fibonacci hashing: the upper bits of the product depend on all of the key.
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }

    /// The slot with a key, or the free one into which it would go.
    @inline(__always)
    private func index(of key: UInt64) -> Int {
        var index = Self.home(of: key, UInt64(shift))
        while slots[index].key != key, slots[index].value >= 0 { index = (index + 1) & (slots.count - 1) }
        return index
    }
}
