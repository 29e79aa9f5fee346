/// Writes each scalar as its lowercase. A scalar at a time: unlike a word's lowercase, a final sigma stays a sigma.
struct Lowercase: ScalarStage {
    /// Scalars whose lowercase is as far from them.
    struct Run {
        let first: UInt32
        let last: UInt32
        /// 2 where every second scalar is a capital.
        let step: UInt32
        let distance: Int32
    }

    /// Its lowercase is the only one of two scalars: i and a dot above.
    private static let dottedI: UInt32 = 0x130

    @inline(__always)
    func keeps(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return !(0x41...0x5A).contains(scalar) }
        // The ideographs and syllables that texts consist of, and what is after the last capital.
        if scalar >= 0x2E00 && scalar < 0xA640 || scalar >= 0xAC00 && scalar < 0xFF00 || scalar >= 0x1E922 { return true }
        return Self.lowercase(scalar) == scalar && scalar != Self.dottedI
    }

    @inline(__always)
    func rewrite(_ scalar: UInt32, _ range: Range<Int>, of text: UTF8Bytes, into result: inout RewrittenText) {
        if scalar < 0x80 {
            result.append(scalar | 0x20, from: range.lowerBound)
        } else if scalar == Self.dottedI {
            result.append(0x69, from: range.lowerBound)
            result.append(0x307, from: range.lowerBound)
        } else {
            result.append(Self.lowercase(scalar), from: range.lowerBound)
        }
    }

    /// The lowercase that is one scalar, of most scalars the scalar itself.
    private static func lowercase(_ scalar: UInt32) -> UInt32 {
        let index = runs.partitioningIndex { $0.first > scalar }
        guard index > 0 else { return scalar }
        let run = runs[index - 1]
        guard scalar <= run.last, (scalar - run.first) % run.step == 0 else { return scalar }
        return UInt32(truncatingIfNeeded: Int32(truncatingIfNeeded: scalar) + run.distance)
    }
}
