import Tensor

extension JSON {
    /// What the value is, as errors call it.
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        default: "a number"
        }
    }

    /// The value that a text is the JSON of; the value itself where it is not a text; nil where the text is not JSON.
    ///
    /// Tables hold nested values as text, so published files do in many places.
    var decoded: JSON? {
        guard case .string(let text) = self else { return self }
        return try? JSON(parsing: text)
    }
}

extension JSONObject {
    /// The value under a key, where it is not null. Files that went through a table have null wherever another record
    /// has a value.
    func present(_ key: String) -> JSON? {
        guard let value = self[key], value != .null else { return nil }
        return value
    }

    /// Removes a key, and gives the value that it had.
    mutating func take(_ key: String) -> JSON? {
        let value = self[key]
        self[key] = nil
        return value
    }

    /// The object without the keys whose value is null. What is null deeper inside stays.
    func withoutNulls() -> JSONObject {
        var object = JSONObject()
        for (key, value) in self where value != .null { object[key] = value }
        return object
    }
}
