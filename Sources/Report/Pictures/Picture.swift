/// A picture of red, green and blue, 8 bits each, row by row from the top.
public struct Picture: Sendable, Equatable {
    /// A colour of sRGB.
    public struct Color: Hashable, Sendable {
        /// From 0 to 255.
        public let red: UInt8
        /// From 0 to 255.
        public let green: UInt8
        /// From 0 to 255.
        public let blue: UInt8

        /// A colour of its parts, each from 0 to 255.
        public init(red: UInt8, green: UInt8, blue: UInt8) {
            self.red = red
            self.green = green
            self.blue = blue
        }

        /// - Parameter hex: such as 0x440154
        public init(_ hex: UInt32) {
            self.init(
                red: UInt8(truncatingIfNeeded: hex >> 16), green: UInt8(truncatingIfNeeded: hex >> 8),
                blue: UInt8(truncatingIfNeeded: hex))
        }

        /// All of each colour.
        public static let white = Color(0xFFFFFF)
    }

    /// In pixels, at least 1.
    public let width, height: Int
    /// `width · height` of them.
    public private(set) var pixels: [Color]

    /// A picture of one colour.
    public init(width: Int, height: Int, fill: Color = .white) {
        precondition(width > 0 && height > 0, "a picture has at least one pixel, not \(width) by \(height)")
        self.width = width
        self.height = height
        pixels = [Color](repeating: fill, count: width * height)
    }

    /// - Parameter pixels: row by row; a multiple of the width, and at least one row
    public init(width: Int, pixels: [Color]) {
        precondition(width > 0 && !pixels.isEmpty && pixels.count % width == 0, "\(pixels.count) pixels are no rows of \(width)")
        self.width = width
        height = pixels.count / width
        self.pixels = pixels
    }

    /// The pixel of a column and a row, counted from the top left.
    public subscript(x: Int, y: Int) -> Color {
        get {
            precondition(x >= 0 && x < width && y >= 0 && y < height, "no pixel at \(x), \(y)")
            return pixels[y * width + x]
        }
        set {
            precondition(x >= 0 && x < width && y >= 0 && y < height, "no pixel at \(x), \(y)")
            pixels[y * width + x] = newValue
        }
    }

    /// Fills a rectangle; what lies outside of the picture is left out.
    public mutating func fill(x: Int, y: Int, width: Int, height: Int, _ color: Color) {
        let columns = max(x, 0)..<max(min(x + width, self.width), max(x, 0))
        guard !columns.isEmpty else { return }
        for row in max(y, 0)..<max(min(y + height, self.height), max(y, 0)) {
            let start = row * self.width
            pixels.replaceSubrange(
                start + columns.lowerBound..<start + columns.upperBound, with: repeatElement(color, count: columns.count))
        }
    }

    /// Draws the outline of a rectangle, one pixel wide and inside of it.
    public mutating func frame(x: Int, y: Int, width: Int, height: Int, _ color: Color) {
        fill(x: x, y: y, width: width, height: 1, color)
        fill(x: x, y: y + height - 1, width: width, height: 1, color)
        fill(x: x, y: y, width: 1, height: height, color)
        fill(x: x + width - 1, y: y, width: 1, height: height, color)
    }

    /// Draws another picture over this one, its top left corner at a place; what lies outside is left out.
    public mutating func draw(_ other: Picture, x: Int, y: Int) {
        let columns = max(x, 0)..<max(min(x + other.width, width), max(x, 0))
        guard !columns.isEmpty else { return }
        for row in max(y, 0)..<max(min(y + other.height, height), max(y, 0)) {
            let (start, source) = (row * width, (row - y) * other.width - x)
            pixels.replaceSubrange(
                start + columns.lowerBound..<start + columns.upperBound,
                with: other.pixels[source + columns.lowerBound..<source + columns.upperBound])
        }
    }

    /// The picture with `factor` by `factor` pixels in the place of each.
    public func scaled(by factor: Int) -> Picture {
        precondition(factor > 0, "a factor of at least 1")
        if factor == 1 { return self }
        var result: [Color] = []
        result.reserveCapacity(pixels.count * factor * factor)
        for row in 0..<height {
            let start = result.count
            for color in pixels[row * width..<(row + 1) * width] { result.append(contentsOf: repeatElement(color, count: factor)) }
            let line = result[start...]
            for _ in 1..<factor { result.append(contentsOf: line) }
        }
        return Picture(width: width * factor, pixels: result)
    }
}
