import Foundation

/// The full decompositions of the scalars that have one, collected once from the platform.
struct Decompositions: Sendable {
    static let canonical = Decompositions(isCompatibility: false) { $0.decomposedStringWithCanonicalMapping }
    static let compatibility = Decompositions(isCompatibility: true) { $0.decomposedStringWithCompatibilityMapping }

    /// The last scalar with a decomposition is U+2FA1D.
    static let lastScalar: UInt32 = 0x2FA1D

    let isCompatibility: Bool
    private(set) var table: [Unicode.Scalar: [Unicode.Scalar]] = [:]

    private init(isCompatibility: Bool, _ decompose: (String) -> String) {
        self.isCompatibility = isCompatibility
        for scalar in (0xA0...Self.lastScalar).lazy.compactMap(Unicode.Scalar.init)
        where scalar.isKnownToNormalization {
            let parts = Array(decompose(String(scalar)).unicodeScalars)
            if parts != [scalar] { table[scalar] = parts }
        }
    }

    subscript(scalar: Unicode.Scalar) -> [Unicode.Scalar]? { scalar.value < 0xA0 ? nil : table[scalar] }
}
