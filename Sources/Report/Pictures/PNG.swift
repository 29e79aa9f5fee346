import CZlib
import Foundation

extension Picture {
    /// The picture as a PNG file (ISO/IEC 15948): with a palette of 8 bits where it has 256 colours or fewer, else in
    /// true colour.
    public func png() -> Foundation.Data {
        let indexed = PalettePixels(pixels)
        var lines: [UInt8] = []
        lines.reserveCapacity(height * (1 + width * (indexed == nil ? 3 : 1)))
        for row in 0..<height {
            let places = row * width..<(row + 1) * width
            // Each line begins with the number of its filter. None pays off for a palette, nor for lines that repeat.
            lines.append(0)
            if let indexed {
                lines += indexed.indices[places]
            } else {
                for color in pixels[places] { lines += [color.red, color.green, color.blue] }
            }
        }
        var file = Foundation.Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        // Size, 8 bits, kind of colours; compression, filters and interlacing of the one or the plain kind.
        file.appendChunk("IHDR", Self.bigEndian(width) + Self.bigEndian(height) + [8, indexed == nil ? 2 : 3, 0, 0, 0])
        if let indexed { file.appendChunk("PLTE", indexed.palette.flatMap { [$0.red, $0.green, $0.blue] }) }
        file.appendChunk("IDAT", Self.deflated(lines))
        file.appendChunk("IEND", [])
        return file
    }

    fileprivate static func bigEndian(_ value: some BinaryInteger) -> [UInt8] {
        let bits = UInt32(value)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bits >> $0) }
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        let bound = compressBound(UInt(bytes.count))
        return [UInt8](unsafeUninitializedCapacity: Int(bound)) { target, count in
            var size = bound
            let status = compress2(target.baseAddress, &size, bytes, UInt(bytes.count), Z_BEST_COMPRESSION)
            // The bound is zlib's own; memory alone could be wanting.
            precondition(status == Z_OK, "zlib has no memory to compress \(bytes.count) bytes")
            count = Int(size)
        }
    }
}

/// Pixels by the numbers of their colours.
private struct PalettePixels {
    private(set) var palette: [Picture.Color] = []
    private(set) var indices: [UInt8] = []

    /// `nil` where there are more than 256 colours.
    init?(_ pixels: [Picture.Color]) {
        var numbers: [Picture.Color: UInt8] = [:]
        indices.reserveCapacity(pixels.count)
        // Runs of one colour are most of a picture.
        var last: (color: Picture.Color, number: UInt8)?
        for color in pixels {
            if let last, last.color == color {
                indices.append(last.number)
                continue
            }
            if numbers[color] == nil {
                guard palette.count < 256 else { return nil }
                numbers[color] = UInt8(palette.count)
                palette.append(color)
            }
            let number = numbers[color] ?? 0
            indices.append(number)
            last = (color, number)
        }
    }
}

extension Foundation.Data {
    /// Appends length, kind, contents, and the checksum of kind and contents.
    fileprivate mutating func appendChunk(_ kind: String, _ contents: [UInt8]) {
        let body = Array(kind.utf8) + contents
        append(contentsOf: Picture.bigEndian(contents.count))
        append(contentsOf: body)
        append(contentsOf: Picture.bigEndian(crc32_z(0, body, body.count)))
    }
}
