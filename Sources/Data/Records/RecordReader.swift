import Tensor

/// Reads a line of a data file as a record.
enum RecordReader {
    /// The conversation of the record that a line is.
    /// - Throws: What is wrong with the line, or with the record in it.
    static func conversation(of line: [UInt8]) throws(RecordError) -> Conversation {
        let record: JSON
        do {
            record = try JSON(parsing: line)
        } catch {
            throw RecordError(reason: brokenJSON(line, error))
        }
        return try Conversation(record: record)
    }

    private static func brokenJSON(_ bytes: [UInt8], _ error: JSONError) -> String {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            return "not UTF-8 from column \(validPrefix(bytes) + 1) on; save the file as UTF-8"
        }
        let text = bytes.filter { $0 > 0x20 }
        if text == [UInt8(ascii: "[")] || text == [UInt8(ascii: "{")] {
            return "a record goes over several lines; write each on a line of its own (JSONL)"
        }
        return "broken JSON at column \(error.column): \(error.reason.oneLine); mend or delete the line"
    }

    /// How many bytes from the start are UTF-8.
    private static func validPrefix(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var valid = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { valid += UTF8.width(scalar) }
        return valid
    }
}
