import Foundation
import Report
import TestSupport
import Testing

@Suite("Pictures and PNG files")
struct PictureTests {
    private let red = Picture.Color(0xFF0000)
    private let blue = Picture.Color(0x0102FE)

    @Test("What is drawn beyond the edge is left out")
    func clipping() {
        var picture = Picture(width: 4, height: 3)
        picture.fill(x: -2, y: 1, width: 3, height: 9, red)
        #expect(
            (0..<12).map { picture[$0 % 4, $0 / 4] == red } == [4, 8].reduce(into: Array(repeating: false, count: 12)) { $0[$1] = true })
        picture.fill(x: 4, y: 0, width: 2, height: 2, blue)
        picture.fill(x: 0, y: -5, width: 4, height: 5, blue)
        #expect(!picture.pixels.contains(blue))
        var small = Picture(width: 2, height: 2, fill: blue)
        small[1, 1] = red
        picture.draw(small, x: 3, y: -1)
        #expect(picture[3, 0] == blue && picture.pixels.count { $0 == blue } == 1)
        picture.draw(small, x: 2, y: 1)
        #expect(picture[2, 1] == blue && picture[3, 2] == red)
        picture.draw(small, x: -9, y: 20)
        #expect(picture.pixels.count { $0 == blue } == 4)
    }

    @Test("A whole factor repeats each pixel")
    func scaling() {
        let picture = Picture(width: 2, pixels: [red, blue, blue, .white])
        let large = picture.scaled(by: 3)
        #expect(large.width == 6 && large.height == 6)
        for y in 0..<6 { for x in 0..<6 { #expect(large[x, y] == picture[x / 3, y / 3]) } }
        #expect(picture.scaled(by: 1) == picture)
    }

    @Test("Text has its width and its colour, and signs that are not there are boxes")
    func text() {
        #expect(Picture.textWidth("", scale: 2) == 0 && Picture.textWidth("ab", scale: 2) == 22)
        let known = (33...126).map { String(UnicodeScalar(UInt8($0))) } + ["Δ", "σ", "‖", "·", "×", "…", "±"]
        var drawn: [String: Picture] = [:]
        for text in known + ["語"] {
            var picture = Picture(width: 7, height: 11)
            picture.drawText(text, x: 1, y: 1, scale: 1, red)
            #expect(Set(picture.pixels) == [.white, red], "\(text)")
            // What a letter may fill, and nothing beside it.
            for y in 0..<11 { #expect(picture[0, y] == .white && picture[6, y] == .white) }
            for x in 0..<7 { #expect(picture[x, 0] == .white && picture[x, 10] == .white) }
            drawn[text] = picture
        }
        #expect(Set(drawn.values.map(\.pixels)).count == known.count + 1)
    }

    @Test("A PNG file holds the pixels, in a palette where it has room", arguments: [1, 2, 256, 257, 5000])
    func png(colors: Int) throws {
        var number: UInt32 = 0
        let pixels =
            (0..<max(colors, 1) * 3).map { _ in
                number = (number &* 1_664_525 &+ 1_013_904_223)
                return Picture.Color((number >> 8) % UInt32(colors) &* 2_654_435 & 0xFFFFFF)
            } + (0..<colors).map { Picture.Color(UInt32($0) &* 2_654_435 & 0xFFFFFF) }
        let picture = Picture(width: colors, pixels: pixels)
        let decoded = try DecodedPNG(picture.png())
        #expect(decoded.width == picture.width && decoded.height == picture.height)
        #expect(decoded.hasPalette == (colors <= 256))
        #expect(decoded.pixels == pixels.map { [$0.red, $0.green, $0.blue] })
    }
}
