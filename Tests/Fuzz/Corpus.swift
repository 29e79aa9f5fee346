import Foundation

/// The files that mutations start from, by name.
struct Corpus {
    let seeds: [[UInt8]]
    let names: [String]

    /// The committed ones: `Corpus/<format>` beside this file.
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus").path

    /// - Parameter folder: with a folder of each format in it
    init(_ format: FuzzFormat, in folder: String) throws {
        let place = "\(folder)/\(format.rawValue)"
        names = try FileManager.default.contentsOfDirectory(atPath: place).filter { !$0.hasPrefix(".") }.sorted()
        seeds = try names.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(place)/\($0)"))) }
        guard !seeds.isEmpty else { throw FuzzFailure("no seeds in \(place)") }
    }
}

/// What must never happen, in one line.
struct FuzzFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
