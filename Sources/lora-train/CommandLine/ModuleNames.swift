/// Names of many layers in few words.
enum ModuleNames {
    /// Each name where they are few; else what layers have in common, and in how many they are.
    static func summary(_ names: [String]) -> String {
        if names.count <= 32 { return names.joined(separator: " ") }
        var kinds: [String] = []
        var counts: [String: Int] = [:]
        for name in names {
            // A number stands for a layer or an expert.
            let kind = name.split(separator: ".").map { $0.allSatisfy(\.isNumber) ? "*" : String($0) }.joined(separator: ".")
            if counts[kind] == nil { kinds.append(kind) }
            counts[kind, default: 0] += 1
        }
        return kinds.map { "\($0) × \(counts[$0] ?? 0)" }.joined(separator: ", ")
    }
}
