/// Values under text keys, in the order in which the keys first came.
///
/// Keys are compared byte by byte. A `Dictionary` would compare them as Swift compares strings, by
/// canonical equivalence, and take "é" in one and in two code points for the same key, which neither
/// JSON nor PyTorch does.
struct OrderedMap<Value: Sendable>: Sendable {
    private(set) var keys: [String] = []
    private(set) var values: [Value] = []
    /// Places of the keys; left empty while there are few, since a short search is faster than hashing.
    private var places: [ExactText: Int] = [:]

    private static var searchLimit: Int { 8 }

    var count: Int { keys.count }

    subscript(key: String) -> Value? {
        get { place(of: key).map { values[$0] } }
        set {
            if let newValue {
                set(key, newValue)
            } else if let place = place(of: key) {
                remove(at: place)
            }
        }
    }

    private func place(of key: String) -> Int? {
        if places.isEmpty { return keys.firstIndex { ExactText($0) == ExactText(key) } }
        return places[ExactText(key)]
    }

    private mutating func set(_ key: String, _ value: Value) {
        if places.isEmpty {
            if let place = place(of: key) { return values[place] = value }
        } else if let place = places.updateValue(keys.count, forKey: ExactText(key)) {
            // Taken for a new key, which is the usual case and then costs one search instead of two.
            places[ExactText(key)] = place
            return values[place] = value
        }
        keys.append(key)
        values.append(value)
        if places.isEmpty, keys.count > Self.searchLimit { indexKeys() }
    }

    private mutating func remove(at place: Int) {
        keys.remove(at: place)
        values.remove(at: place)
        places.removeAll()
        if keys.count > Self.searchLimit { indexKeys() }
    }

    private mutating func indexKeys() {
        for (place, key) in keys.enumerated() { places[ExactText(key)] = place }
    }
}
