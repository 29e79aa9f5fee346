import Foundation

/// What the system says of itself in files, such as `/proc/cpuinfo`.
struct SystemFiles: Sendable {
    /// The text of a file; `nil` where there is none.
    let text: @Sendable (_ path: String) -> String?

    /// Those of this machine.
    static let real = SystemFiles { try? String(contentsOfFile: $0, encoding: .utf8) }

    /// The text of a file of one word or number.
    func word(_ path: String) -> String? { text(path)?.trimmingCharacters(in: .whitespacesAndNewlines) }

    /// The value of a line `Key: value` or `key value`.
    func field(_ key: String, of path: String) -> String? {
        for line in text(path)?.split(separator: "\n") ?? [] where line.hasPrefix(key) {
            let rest = line.dropFirst(key.count)
            guard let first = rest.first, first == ":" || first == " " || first == "\t" else { continue }
            return rest.drop { ": \t".contains($0) }.trimmingCharacters(in: .whitespaces)
        }
        return nil
    }

    /// The numbers of a list such as `0-3,8`.
    func numbers(_ list: String) -> [Int] {
        list.split(separator: ",").flatMap { part -> [Int] in
            let ends = part.split(separator: "-").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [] }
            return Array(first...last)
        }
    }
}

#if canImport(Darwin)
    /// What macOS says of itself by name.
    enum SystemControl {
        static func text(_ name: String) -> String? {
            var size = 0
            guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }

        static func integer(_ name: String) -> Int? {
            var value = Int64(0)
            var size = MemoryLayout<Int64>.size
            guard sysctlbyname(name, &value, &size, nil, 0) == 0 else { return nil }
            return size == 4 ? Int(Int32(truncatingIfNeeded: value)) : Int(value)
        }
    }
#endif
