/// Numbers that follow from a few others alone, on every machine: SplitMix64.
struct SplitMix {
    private var state: UInt64 = 0

    init(_ parts: UInt64...) {
        for part in parts {
            state ^= part
            state = next()
        }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    /// A number of `0 ..< bound`; 0 where there is none. The bias of the remainder does not matter here.
    mutating func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(next() % UInt64(bound)) }

    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// A length of `1 ... limit`, small ones as likely as large ones.
    mutating func length(_ limit: Int) -> Int {
        guard limit > 1 else { return max(limit, 1) }
        let bits = below(Int.bitWidth - limit.leadingZeroBitCount) + 1
        return min(limit, 1 + below(1 << bits))
    }
}
