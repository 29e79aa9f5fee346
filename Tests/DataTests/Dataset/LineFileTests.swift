import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

@Suite struct LineFileTests {
    /// A file of these bytes, which is gone afterwards but for its descriptor.
    private func file(_ bytes: [UInt8]) throws -> LineFile {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try bytes.write(to: folder + "/lines")
        return try LineFile(path: folder + "/lines")
    }

    /// Compares a file of lines with what a reader finds, in order and out of it.
    private func check(_ lines: [[UInt8]], start: [UInt8] = [], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = try file(start + lines.joined(separator: [0x0A]))
        let expected = lines.enumerated().filter { $0.element.contains { $0 > 0x20 } }
        #expect(file.count == expected.count, sourceLocation: sourceLocation)
        guard file.count == expected.count else { return }
        var inOrder = LineReader(file)
        var generator = RandomGenerator(seed: 1)
        var jumping = LineReader(file)
        for record in 0..<file.count {
            let line = try inOrder.line(of: record)
            #expect(line.number == expected[record].offset + 1, sourceLocation: sourceLocation)
            #expect(line.bytes == expected[record].element, sourceLocation: sourceLocation)
            let other = Int(generator.next() % UInt64(file.count))
            #expect(jumping.number(of: other) == expected[other].offset + 1, sourceLocation: sourceLocation)
            #expect(try jumping.line(of: other).bytes == expected[other].element, sourceLocation: sourceLocation)
            var fresh = LineReader(file)
            #expect(try fresh.line(of: other).bytes == expected[other].element, sourceLocation: sourceLocation)
        }
    }

    @Test func findsEveryLine() throws {
        var generator = RandomGenerator(seed: 7)
        func line(_ lengths: ClosedRange<Int>, blanks: Int = 0) -> [UInt8] {
            let length = lengths.lowerBound + Int(generator.next() % UInt64(lengths.count))
            return Array(repeating: 0x20, count: blanks)
                + Array(repeating: UInt8(0x61 + generator.next() % 26), count: length)
        }
        var lines: [[UInt8]] = []
        for _ in 0..<1500 {
            switch generator.next() % 12 {
            case 0: lines.append([])
            case 1: lines.append([0x20, 0x09, 0x0D])
            case 2: lines.append(line(1...9) + [0x0D])
            case 3: lines.append(line(1000...9000))
            default: lines.append(line(1...200))
            }
        }
        // Longer than a block and than a piece, blank or with words only far behind their start.
        lines.insert(line(200_000...300_000), at: 700)
        lines.insert(Array(repeating: 0x20, count: 150_000), at: 800)
        lines.insert(line(1...9, blanks: 140_000), at: 900)
        lines.insert(line(1_500_000...1_600_000), at: 1000)
        lines.insert(Array(repeating: 0x09, count: 2_300_000), at: 1100)
        lines.insert(line(1...9, blanks: 1_200_000), at: 1200)
        try check(lines)
        try check(lines + [[]], start: [0xEF, 0xBB, 0xBF])
    }

    @Test func findsLinesAtTheBoundariesOfBlocks() throws {
        for size in [1 << 16, 1 << 20] {
            for length in size - 2...size + 1 {
                let first = Array(repeating: UInt8(0x61), count: length)
                try check([first, [0x62], [], [0x63]])
                try check([first, [], [0x20, 0x63]])
                try check([first])
                // Going over blanks is slow without optimization: in long ones only the edge itself.
                if size > 1 << 16, length != size { continue }
                try check([first, Array(repeating: 0x20, count: size), [0x63]])
                try check([Array(repeating: 0x20, count: length), [0x63], []])
                try check([Array(repeating: 0x20, count: length) + [0x63]])
            }
        }
    }

    @Test func limitsTheLengthOfALine() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for length in [LineFile.lengthLimit, LineFile.lengthLimit + 1] {
            // A hole in the file: bytes of zero, which are no blanks.
            try [UInt8("a\n".utf8.first ?? 0), 0x0A].write(to: folder + "/lines")
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/lines"))
            try handle.seek(toOffset: UInt64(2 + length))
            try handle.write(contentsOf: Array("\n\nb".utf8))
            try handle.close()
            var reader = LineReader(try LineFile(path: folder + "/lines"))
            if length == LineFile.lengthLimit {
                #expect(try reader.line(of: 1).bytes.count == length)
            } else {
                let error = #expect(throws: DatasetError.self) { try reader.line(of: 1) }
                #expect(error?.description.contains("lines, line 2: longer than 64 MiB") == true)
            }
            let last = try reader.line(of: 2)
            #expect(last.number == 4 && last.bytes == Array("b".utf8))
        }
    }
}
