import Foundation

/// Numbers as figures and tables have them.
public enum FigureNumber {
    /// Three digits that count: `0.0123`, `1.2e-05`.
    public static func short(_ value: some BinaryFloatingPoint) -> String { String(format: "%.3g", Double(value)) }

    /// A share in percent: `3.41 %`.
    public static func percent(_ share: Double) -> String { short(share * 100) + " %" }
}
