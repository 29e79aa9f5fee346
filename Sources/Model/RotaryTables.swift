import Tensor

/// The angles of a row's tokens: a table, and for each token its row there.
struct RotaryAngles {
    let table: RotaryTable
    let places: [Int32]
}

/// The rotary angles of a model, which grow with the texts that it reads.
final class RotaryTables {
    private let configuration: ModelConfiguration
    private var table: RotaryTable
    /// The angles of layers with a window, where they differ.
    private var windowed: RotaryTable?

    init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
        (table, windowed) = Self.tables(512, configuration)
    }

    /// The angles of a row, in layers without a window and in those with one.
    ///
    /// - Throws: ``ModelError/sharedRowsOfOtherAngles`` where sequences share rows to which their lengths give other angles
    func angles(of row: TokenRow) throws(ModelError) -> (full: RotaryAngles, windowed: RotaryAngles) {
        let positions = Int(row.positions.max() ?? 0) + 1
        if positions > table.positions { (table, windowed) = Self.tables(max(positions, 2 * table.positions), configuration) }
        let plain = RotaryAngles(table: table, places: row.positions)
        let full = try anglesOfLengths(row) ?? plain
        return (full, windowed.map { RotaryAngles(table: $0, places: row.positions) } ?? full)
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
        return RotaryAngles(table: table, places: row.tokens.indices.map(Int32.init))
    }

    private static func tables(_ positions: Int, _ configuration: ModelConfiguration) -> (RotaryTable, RotaryTable?) {
        (
            RotaryTable(positions: positions, configuration),
            configuration.windowedRopeTheta.map { RotaryTable(positions: positions, headDim: configuration.turnedDim, base: $0) }
        )
    }
}
