import Tensor

/// The angles of a row's tokens: a table, and for each token its row there.
struct RotaryAngles {
    /// Those of keys, and of queries; queries may be multiplied by factors of their own.
    let keys, queries: RotaryTable
    let places: [Int32]
}

/// The rotary angles of a model, which grow with the texts that it reads.
final class RotaryTables {
    /// The angles of one kind of layer.
    private struct Tables {
        let keys, queries: RotaryTable

        func angles(_ places: [Int32]) -> RotaryAngles { RotaryAngles(keys: keys, queries: queries, places: places) }
    }

    private let configuration: ModelConfiguration
    private var tables: Tables
    /// Those of layers with a window, where they differ.
    private var windowed: Tables?

    init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
        (tables, windowed) = Self.tables(512, configuration)
    }

    /// The angles of a row, in layers without a window and in those with one.
    ///
    /// - Throws: ``ModelError/sharedRowsOfOtherAngles`` where sequences share rows to which their lengths give other angles
    func angles(of row: TokenRow) throws(ModelError) -> (full: RotaryAngles, windowed: RotaryAngles) {
        let positions = Int(row.positions.max() ?? 0) + 1
        if positions > tables.keys.positions { (tables, windowed) = Self.tables(max(positions, 2 * tables.keys.positions), configuration) }
        let full = try anglesOfLengths(row) ?? tables.angles(row.positions)
        return (full, windowed?.angles(row.positions) ?? full)
    }

    /// The angles of a row of which some sequence is so long that it has others than short ones have; `nil` where all are short.
    private func anglesOfLengths(_ row: TokenRow) throws(ModelError) -> RotaryAngles? {
        guard let scaling = configuration.ropeScaling, scaling.changesWithLength else { return nil }
        // For each token the shortest length with its angles.
        var lengths = [Int](repeating: 0, count: row.tokens.count)
        for (sequence, length) in zip(row.sequences, row.lengths) {
            let length = scaling.shortestLength(like: length)
            for place in sequence.joined() {
                guard lengths[place] == 0 || lengths[place] == length else { throw .sharedRowsOfOtherAngles }
                lengths[place] = length
            }
        }
        guard lengths.contains(where: { $0 > 1 }) else { return nil }
        let frequencies = Dictionary(uniqueKeysWithValues: Set(lengths).map { ($0, configuration.rotaryFrequencies(ofLength: $0)) })
        let angles = zip(row.positions, lengths).flatMap { position, length in
            (frequencies[length] ?? []).map { Float(position) * $0 }
        }
        let table = RotaryTable(angles: angles, pairs: configuration.turnedDim / 2, amplitude: scaling.amplitude)
        return Self.tables(table, positions: row.positions.map(Int.init), configuration).angles(row.tokens.indices.map(Int32.init))
    }

    private static func tables(_ count: Int, _ configuration: ModelConfiguration) -> (Tables, Tables?) {
        func tables(_ keys: RotaryTable) -> Tables { Self.tables(keys, positions: Array(0..<count), configuration) }
        return (
            tables(RotaryTable(positions: count, configuration)),
            configuration.windowedRopeTheta.map {
                tables(RotaryTable(positions: count, headDim: configuration.turnedDim, base: $0))
            }
        )
    }

    /// - Parameter positions: of each row of the table
    private static func tables(_ keys: RotaryTable, positions: [Int], _ configuration: ModelConfiguration) -> Tables {
        Tables(keys: keys, queries: configuration.attentionTemperature.map { keys.scaled(by: positions.map($0.factor)) } ?? keys)
    }
}
