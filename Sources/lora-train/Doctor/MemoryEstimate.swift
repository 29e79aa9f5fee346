import Foundation

/// What training takes in memory, by measured runs: a rule of thumb.
enum MemoryEstimate {
    /// The default recipe, a MiniMind of 26 million parameters, in bytes (Docs/Performance.md).
    static let published = 320_000_000
    /// What a parameter of the base takes at the peak, in bytes, with what a step of short conversations keeps: the 26
    /// million of a MiniMind took 12 each, the 137 million of SmolLM2-135M took 9.
    static let bytesPerParameter = 10.0

    /// The largest base that trains in so many bytes with the default batch.
    static func parameters(in bytes: Int) -> Double { Double(bytes) / bytesPerParameter }

    /// 26 million, 1.2 billion.
    static func words(_ parameters: Double) -> String {
        parameters < 1e9 ? String(format: "%.0f million", parameters / 1e6) : String(format: "%.1f billion", parameters / 1e9)
    }
}
