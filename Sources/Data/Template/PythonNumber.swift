/// Python's arithmetic and spelling of numbers.
enum PythonNumber {
    /// `repr(float)`: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        // Swift's description has the same shortest digits; only the layout differs.
        var digits: [Character] = []
        var point: Int?
        var exponent = 0
        var description = Substring("\(value.magnitude)")
        if let mark = description.firstIndex(of: "e") {
            exponent = Int(description[description.index(after: mark)...]) ?? 0
            description = description[..<mark]
        }
        for character in description {
            if character == "." { point = digits.count } else { digits.append(character) }
        }
        // The value is 0.d1d2d3… · 10^scale, without zeros at either end.
        var scale = (point ?? digits.count) + exponent
        while digits.count > 1, digits.first == "0" {
            digits.removeFirst()
            scale -= 1
        }
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        let sign = value.sign == .minus ? "-" : ""
        if digits == ["0"] { return sign + "0.0" }
        if scale > 16 || scale < -3 {
            let power = scale - 1
            let fraction = digits.count > 1 ? "." + String(digits.dropFirst()) : ""
            let width = power.magnitude < 10 ? "0" : ""
            return "\(sign)\(digits[0])\(fraction)e\(power < 0 ? "-" : "+")\(width)\(power.magnitude)"
        }
        if scale <= 0 { return sign + "0." + String(repeating: "0", count: -scale) + String(digits) }
        if digits.count <= scale {
            return sign + String(digits) + String(repeating: "0", count: scale - digits.count) + ".0"
        }
        return sign + String(digits[..<scale]) + "." + String(digits[scale...])
    }

    /// Python's `//`, which rounds down; nil for a zero divisor or an overflow.
    static func floorDivide(_ left: Int, _ right: Int) -> Int? {
        guard right != 0 else { return nil }
        let (quotient, overflow) = left.dividedReportingOverflow(by: right)
        guard !overflow else { return nil }
        return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient
    }

    /// Python's `%`, whose result has the divisor's sign; nil for a zero divisor.
    static func modulo(_ left: Int, _ right: Int) -> Int? {
        guard right != 0 else { return nil }
        guard right != -1 else { return 0 }
        let remainder = left % right
        return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder
    }

    static func modulo(_ left: Double, _ right: Double) -> Double {
        let remainder = left.truncatingRemainder(dividingBy: right)
        return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder
    }

    /// `base ** exponent` for an exponent that is not negative; nil for an overflow.
    static func power(_ base: Int, _ exponent: Int) -> Int? {
        if base == 0 || base == 1 { return exponent == 0 ? 1 : base }
        if base == -1 { return exponent.isMultiple(of: 2) ? 1 : -1 }
        guard exponent < 64 else { return nil }
        var result = 1
        for _ in 0..<exponent {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            guard !overflow else { return nil }
            result = product
        }
        return result
    }

    /// `int(text)` in base 10: digits with optional sign and single underscores between them, blanks around.
    static func integer(_ text: String) -> Int? {
        let text = PythonText.strip(text)
        guard !text.hasPrefix("_"), !text.hasSuffix("_"), !text.contains("__"), !text.contains("-_"),
            !text.contains("+_")
        else { return nil }
        return Int(text.filter { $0 != "_" })
    }
}
