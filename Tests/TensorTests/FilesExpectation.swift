import Foundation
import TestSupport
import Testing

@testable import Tensor

/// A committed file of `Fixtures/files`.
func fixture(_ name: String) -> String { Paths.fixture("TensorTests", "files/\(name)") }

func fixtureBytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: fixture(name))))
}

/// What PyTorch read from a file, as `make_fixtures.py` describes it.
struct FilesExpectation {
    struct Entry {
        let name: String
        let shape: [Int]
        let type: String
        /// `nil` for a type that is carried, but not decoded.
        let values: [Double]?
    }

    let entries: [Entry]

    init(_ json: JSON) throws {
        entries = try #require(json.array).map { pair in
            let pair = try #require(pair.array)
            let tensor = pair[1]
            return Entry(
                name: try #require(pair[0].string),
                shape: try #require(tensor["shape"]?.array).map { try #require($0.integer) },
                type: try #require(tensor["type"]?.string),
                values: try tensor["values"]?.array?.map { value in
                    try #require(value.number ?? value.string.flatMap(Double.init))
                })
        }
    }

    /// What `expected.json` says of a fixture.
    static func of(_ file: String) throws -> FilesExpectation {
        try FilesExpectation(try #require(try all()[file]))
    }

    static func all() throws -> JSON { try JSON(parsing: fixtureBytes("expected.json")) }

    /// Compares names, order, shapes, types and every value.
    func check(_ dictionary: StateDictionary, ordered: Bool = true) throws {
        let names = entries.map { Array($0.name.utf8) }
        let found = dictionary.names.map { Array($0.utf8) }
        #expect(ordered ? found == names : Set(found) == Set(names))
        for entry in entries {
            let tensor = try #require(dictionary[entry.name], "\(entry.name)")
            #expect(tensor.shape == entry.shape, "\(entry.name)")
            #expect(tensor.elementType.rawValue == entry.type, "\(entry.name)")
            guard let values = entry.values else {
                #expect(throws: TensorFileError.self) { try tensor.floats() }
                continue
            }
            let floats = try tensor.floats()
            #expect(floats.count == values.count, "\(entry.name)")
            for (value, expected) in zip(floats, values) {
                let isEqual = expected.isNaN ? value.isNaN : value == Float(expected) && value.sign == Float(expected).sign
                #expect(isEqual, "\(entry.name): \(value) for \(expected)")
            }
        }
    }
}
