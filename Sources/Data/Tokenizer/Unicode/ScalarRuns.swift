/// A table of Unicode scalars: runs of those that have the same value.
struct ScalarRuns: Sendable {
    /// In ascending order, each valid up to the next, the first at 0: `first code point << bits | value`.
    private let runs: [UInt32]
    private let bits: UInt32
    private var valueMask: UInt32 { 1 << bits - 1 }

    /// - Parameter bits: How many bits of a run are its value.
    init(_ runs: [UInt32], bits: UInt32) {
        self.runs = runs
        self.bits = bits
    }

    /// The value of a scalar.
    subscript(scalar: UInt32) -> UInt32 { runs[runs.partitioningIndex { $0 >> bits > scalar } - 1] & valueMask }

    /// Calls `body` with all scalars, in order, those of the same value together.
    func forEachRun(_ body: (Range<UInt32>, UInt32) -> Void) {
        for (index, run) in runs.enumerated() {
            let end = index + 1 < runs.count ? runs[index + 1] >> bits : 0x110000
            body(run >> bits..<end, run & valueMask)
        }
    }

    /// The values of the Basic Multilingual Plane, where nearly all text lives.
    func basicPlane<Value>(_ value: (UInt32) -> Value) -> [Value] {
        var plane: [Value] = []
        plane.reserveCapacity(0x10000)
        forEachRun { plane.append(contentsOf: repeatElement(value($1), count: $0.clamped(to: 0..<0x10000).count)) }
        return plane
    }
}
