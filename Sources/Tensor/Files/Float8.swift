/// Floating-point numbers of 8 bits, each of which is a float32 exactly (the formats of the Open Compute Project, and those
/// "fnuz" that have no negative zero).
struct Float8 {
    /// The values that the 256 codes stand for.
    let values: [Float]

    /// - Returns: `nil` for a type that is none of these
    init?(_ type: ElementType) {
        switch type {
        // All bits set but the sign are no number.
        case .float8E4M3: self.init(mantissaBits: 3, bias: 7) { $0 == 0x7F ? .nan : nil }
        // The largest exponent is for what is infinite and what is no number.
        case .float8E5M2: self.init(mantissaBits: 2, bias: 15) { $0 < 0x7C ? nil : $0 == 0x7C ? .infinity : .nan }
        case .float8E4M3UnsignedZero: self.init(mantissaBits: 3, bias: 8, hasNegativeZero: false)
        case .float8E5M2UnsignedZero: self.init(mantissaBits: 2, bias: 16, hasNegativeZero: false)
        case .float8E8M0: self.init(values: (0..<255).map { Float(sign: .plus, exponent: $0 - 127, significand: 1) } + [.nan])
        default: return nil
        }
    }

    private init(values: [Float]) { self.values = values }

    /// - Parameters:
    ///   - bias: what is taken off an exponent
    ///   - hasNegativeZero: whether the code of zero with a sign is one, and not what is no number
    ///   - special: what a code without its sign stands for if not for the number of its bits
    private init(mantissaBits: Int, bias: Int, hasNegativeZero: Bool = true, special: (Int) -> Float? = { _ in nil }) {
        let steps = 1 << mantissaBits
        values = (0..<256).map { code in
            let magnitude = code & 0x7F
            if code == 0x80, !hasNegativeZero { return .nan }
            // Below the smallest exponent numbers go on in its steps.
            let (exponent, mantissa) = (max(magnitude / steps, 1), magnitude < steps ? magnitude : magnitude % steps + steps)
            let value = special(magnitude) ?? Float(mantissa) * Float(sign: .plus, exponent: exponent - bias - mantissaBits, significand: 1)
            return code < 0x80 ? value : -value
        }
    }
}
