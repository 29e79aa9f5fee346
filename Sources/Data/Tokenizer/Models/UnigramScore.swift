/// The scores of `tokenizer.json` as the Hugging Face `tokenizers` library reads them.
///
/// Its reader of JSON takes the digits of a number for an integer and divides by a power of ten, which may differ in the
/// last bit from the closest number. Where two ways to cut a text are as good as each other but for rounding, as for a
/// character that is repeated, the last bit decides between them.
enum UnigramScore {
    /// The powers of ten that a `Double` can hold.
    private static let powers: [Double] = (0...308).map { Double("1e\($0)") ?? .infinity }

    /// What the library reads where the file has a number in its shortest spelling, as all known programs write it.
    static func asRead(_ score: Double) -> Double {
        var digits: UInt64 = 0
        var exponent = 0
        var isFraction = false
        var bytes = Array(score.magnitude.description.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let (product, overflows) = digits.multipliedReportingOverflow(by: 10)
                let (sum, carries) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
                guard !overflows, !carries else { return score }
                digits = sum
                if isFraction { exponent -= 1 }
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "e"):
                guard let power = Int(String(decoding: bytes, as: UTF8.self)) else { return score }
                exponent += power
                bytes = []
            default: return score
            }
        }
        let magnitude = scaled(Double(digits), exponent)
        return score < 0 ? -magnitude : magnitude
    }

    /// A number that the library reads as this one, so that a file with it gives the same ids; the number itself where
    /// none is found.
    static func written(_ score: Double) -> Double {
        var candidates = [score]
        for _ in 0..<2 {
            candidates.append((candidates.max() ?? score).nextUp)
            candidates.append((candidates.min() ?? score).nextDown)
        }
        return candidates.first { asRead($0) == score } ?? score
    }

    private static func scaled(_ number: Double, _ exponent: Int) -> Double {
        var number = number
        var exponent = exponent
        while exponent < -308, number != 0 {
            number /= powers[308]
            exponent += 308
        }
        guard abs(exponent) <= 308 else { return number }
        return exponent >= 0 ? number * powers[exponent] : number / powers[-exponent]
    }
}
