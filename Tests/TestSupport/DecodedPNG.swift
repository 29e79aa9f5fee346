import CZlib
import Foundation
import Testing

/// A PNG file taken apart by the letter of its standard, to see what another wrote: 8 bits, without interlacing.
public struct DecodedPNG {
    public let width: Int
    public let height: Int
    /// Whether the file has a palette.
    public let hasPalette: Bool
    /// Red, green and blue of each pixel, row by row.
    public let pixels: [[UInt8]]

    /// Fails the test where the file is not whole, or a checksum is wrong.
    public init(_ file: Foundation.Data) throws {
        let bytes = [UInt8](file)
        try #require(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        var chunks: [String: [UInt8]] = [:]
        var order: [String] = []
        var place = 8
        func number(at place: Int) throws -> Int {
            try #require(place + 4 <= bytes.count)
            return bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        while place < bytes.count {
            let length = try number(at: place)
            try #require(place + length + 12 <= bytes.count)
            let body = bytes[place + 4..<place + 8 + length]
            #expect(try Self.checksum(body) == UInt32(number(at: place + 8 + length)))
            let kind = String(decoding: body.prefix(4), as: UTF8.self)
            chunks[kind, default: []] += body.dropFirst(4)
            order.append(kind)
            place += length + 12
        }
        #expect(order.first == "IHDR" && order.last == "IEND")
        let header = try #require(chunks["IHDR"])
        try #require(header.count == 13 && header[8] == 8 && header[10...12] == [0, 0, 0])
        let size = [0, 4].map { start in header[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
        (width, height) = (size[0], size[1])
        let channels = try #require([2: 3, 3: 1, 6: 4][header[9]])
        hasPalette = header[9] == 3
        let stride = width * channels
        let values = try Self.unfiltered(
            Self.inflated(try #require(chunks["IDAT"]), count: height * (stride + 1)), rows: height, stride: stride, channels: channels)
        if hasPalette {
            let palette = try #require(chunks["PLTE"])
            #expect(palette.count % 3 == 0 && palette.count <= 768)
            pixels = values.map { Array(palette[3 * Int($0)..<3 * Int($0) + 3]) }
        } else {
            pixels = (0..<width * height).map { Array(values[$0 * channels..<$0 * channels + 3]) }
        }
    }

    public init(path: String) throws { try self.init(Foundation.Data(contentsOf: URL(fileURLWithPath: path))) }

    /// The colour of a column and a row, counted from the top left.
    public subscript(x: Int, y: Int) -> [UInt8] { pixels[y * width + x] }

    /// CRC-32 as the standard's appendix computes it, bit by bit.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(UInt32.max) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
        }
    }

    private static func inflated(_ bytes: [UInt8], count: Int) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count + 1)
        var size = uLong(result.count)
        #expect(uncompress(&result, &size, bytes, uLong(bytes.count)) == Z_OK)
        try #require(Int(size) == count)
        return result.dropLast()
    }

    private static func unfiltered(_ lines: [UInt8], rows: Int, stride: Int, channels: Int) throws -> [UInt8] {
        var values = [UInt8](repeating: 0, count: rows * stride)
        for row in 0..<rows {
            let filter = lines[row * (stride + 1)]
            try #require(filter <= 4)
            for column in 0..<stride {
                let place = row * stride + column
                let left = column >= channels ? Int(values[place - channels]) : 0
                let above = row > 0 ? Int(values[place - stride]) : 0
                let corner = row > 0 && column >= channels ? Int(values[place - stride - channels]) : 0
                let predicted: Int
                switch filter {
                case 1: predicted = left
                case 2: predicted = above
                case 3: predicted = (left + above) / 2
                case 4:
                    let estimate = left + above - corner
                    let (a, b, c) = (abs(estimate - left), abs(estimate - above), abs(estimate - corner))
                    predicted = a <= b && a <= c ? left : b <= c ? above : corner
                default: predicted = 0
                }
                values[place] = lines[row * (stride + 1) + 1 + column] &+ UInt8(predicted)
            }
        }
        return values
    }
}
