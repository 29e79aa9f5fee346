import Foundation

/// What training takes in memory, by measured runs: a rule of thumb.
enum MemoryEstimate {
    /// The default recipe, a MiniMind of 26 million parameters, in bytes (Docs/Performance.md).
    static let published = 320_000_000
    /// What a parameter of the base takes, in bytes: in bfloat16 once, once more as products read it on the way
    /// back, and its part of what a step keeps.
    static let bytesPerParameter = 10.0

    /// The largest base that trains in so many bytes with the default batch.
    static func parameters(in bytes: Int) -> Double { Double(bytes) / bytesPerParameter }

    /// 26 million, 1.2 billion.
    static func words(_ parameters: Double) -> String {
        parameters < 1e9 ? String(format: "%.0f million", parameters / 1e6) : String(format: "%.1f billion", parameters / 1e9)
    }
}
