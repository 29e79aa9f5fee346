import Foundation
import Tensor

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

    /// Python's `%` of floating-point numbers, whose result has the divisor's sign.
    static func modulo(_ left: Double, _ right: Double) -> Double {
        let remainder = left.truncatingRemainder(dividingBy: right)
        if remainder == 0 { return Double(signOf: right, magnitudeOf: 0) }
        return (remainder < 0) != (right < 0) ? remainder + right : remainder
    }

    /// Python's `//` of floating-point numbers, which goes by the remainder: 1.0 // 0.1 is 9, though the quotient
    /// rounds to 10.
    static func floorDivide(_ left: Double, _ right: Double) -> Double {
        let remainder = left.truncatingRemainder(dividingBy: right)
        var quotient = (left - remainder) / right
        if remainder != 0, (remainder < 0) != (right < 0) { quotient -= 1 }
        guard quotient != 0 else { return Double(signOf: left / right, magnitudeOf: 0) }
        let floor = quotient.rounded(.down)
        return quotient - floor > 0.5 ? floor + 1 : floor
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

    /// `int(text, base)`: digits with optional sign and single underscores between them, blanks around. Base 0 goes by
    /// the prefix, and a prefix that fits the base is passed over.
    static func integer(_ text: String, base: Int = 10) -> TemplateValue? {
        // Python reads no more digits either; the rest is room for blanks and underscores.
        guard text.utf8.count <= 4 * JSON.integerDigitLimit else { return nil }
        var digits = PythonText.strip(text).unicodeScalars[...]
        var sign = ""
        if let first = digits.first, first == "-" || first == "+" {
            if first == "-" { sign = "-" }
            digits.removeFirst()
        }
        var radix = base
        let prefixes: [(prefix: String, radix: Int)] = [("0x", 16), ("0o", 8), ("0b", 2)]
        for (prefix, value) in prefixes where base == 0 || base == value {
            guard String(digits.prefix(2)).lowercased() == prefix else { continue }
            radix = value
            digits = digits.dropFirst(2)
            if digits.first == "_" { digits.removeFirst() }
            break
        }
        if radix == 0 { radix = 10 }
        var plain = ""
        var previous: Unicode.Scalar = "_"
        for scalar in digits {
            if scalar == "_" {
                guard previous != "_" else { return nil }
            } else if let value = scalar.properties.numericType == .decimal ? scalar.properties.numericValue : nil {
                guard Int(value) < radix else { return nil }
                plain += String(Int(value))
            } else {
                guard scalar.isASCII, let value = Character(scalar).hexDigitValue ?? letterValue(scalar), value < radix
                else { return nil }
                plain.unicodeScalars.append(scalar)
            }
            previous = scalar
        }
        guard previous != "_" else { return nil }
        if let value = Int(sign + plain, radix: radix) { return .integer(value) }
        guard radix == 10, plain.utf8.count <= JSON.integerDigitLimit else { return nil }
        return TemplateValue(digits: sign + plain.drop { $0 == "0" })
    }

    private static func letterValue(_ scalar: Unicode.Scalar) -> Int? {
        switch scalar {
        case "a"..."z": Int(scalar.value) - 87
        case "A"..."Z": Int(scalar.value) - 55
        default: nil
        }
    }

    /// `float(text)`; nil where Python cannot read it.
    static func double(_ text: String) -> Double? {
        let text = PythonText.strip(text)
        guard text.utf8.count <= 4 * JSON.integerDigitLimit, !text.hasPrefix("_"), !text.hasSuffix("_"), !text.contains("__") else {
            return nil
        }
        let plain = text.filter { $0 != "_" }.lowercased()
        // Swift reads hexadecimal numbers, Python does not.
        guard !plain.contains("x") else { return nil }
        return Double(plain)
    }

    /// The digits of a whole number, however large; nil where there is a fraction or no number.
    static func wholeDigits(_ value: Double) -> String? {
        guard value.isFinite, value == value.rounded(.towardZero) else { return nil }
        if let integer = Int(exactly: value) { return String(integer) }
        return String(format: "%.0f", value)
    }

    /// The order of two integers, given as digits with an optional sign: negative, zero or positive.
    static func order(_ left: String, _ right: String) -> Int {
        let (isLeftNegative, isRightNegative) = (left.hasPrefix("-"), right.hasPrefix("-"))
        if isLeftNegative != isRightNegative { return isLeftNegative ? -1 : 1 }
        if left == right { return 0 }
        let isLess = left.utf8.count == right.utf8.count ? left < right : left.utf8.count < right.utf8.count
        return isLess != isLeftNegative ? -1 : 1
    }
}
