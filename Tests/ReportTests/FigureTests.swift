import LoRA
import Model
import Report
import TestSupport
import Testing

@Suite("Figures of adapters")
struct FigureTests {
    private func analysis(_ name: String) throws -> AdapterAnalysis {
        let golden = try Golden(case: name)
        return try AdapterAnalysis(AdapterState.random(on: golden.configuration), base: golden.file())
    }

    @Test("The heat map stands where it is said to, each entry as large as it is said to be")
    func map() throws {
        let analysis = try analysis("v2-classic-dense")
        for (index, side) in [(0, nil), (1, nil), (6, nil), (0, 20)] as [(Int, Int?)] {
            let map = try analysis.heatMap(at: index, maximumSide: side)
            let figure = ModuleFigure(analysis.modules[index], map)
            #expect(max(map.rows, map.columns) * figure.mapScale >= 400)
            for y in 0..<map.rows * figure.mapScale {
                for x in 0..<map.columns * figure.mapScale {
                    let value = map.values[y / figure.mapScale * map.columns + x / figure.mapScale]
                    guard figure.picture[figure.mapX + x, figure.mapY + y] != Viridis.color(at: map.share(of: value)) else { continue }
                    Issue.record("the pixel \(x), \(y) of module \(index)")
                    return
                }
            }
            // White around the frame, and all colours of the scale beside it.
            #expect(figure.picture[figure.mapX + map.columns * figure.mapScale + 4, figure.mapY + 4] == .white)
            #expect(Set(figure.picture.pixels).isSuperset(of: Viridis.colors.striding(by: 16)))
        }
    }

    @Test("A scale has its ends where they belong")
    func colorBar() {
        let bar = ColorBar(HeatMap([-1, 2], rows: 1, columns: 2), height: 256)
        for row in 1..<255 { #expect(bar.picture[5, bar.inset + row] == Viridis.colors[255 - row]) }
        // One value has one label.
        let flat = ColorBar(HeatMap([0, 0], rows: 1, columns: 2), height: 256)
        func marks(_ bar: ColorBar) -> Int { (0..<bar.picture.height).count { bar.picture[20, $0] != .white } }
        #expect(marks(bar) == 3 && marks(flat) == 1)
    }

    @Test("The overview shows every module once, by layer and kind", arguments: ["v2-classic-dense", "v2-classic-moe"])
    func overview(_ name: String) throws {
        let analysis = try analysis(name)
        let overview = AdapterOverview(analysis.modules)
        let maps = try analysis.modules.indices.map { try analysis.heatMap(at: $0, maximumSide: overview.thumbnailSide) }
        let picture = overview.picture(maps)
        // Where something begins to the right of white.
        let starts = picture.pixels.indices.filter {
            $0 % picture.width > 0 && picture.pixels[$0] != .white && picture.pixels[$0 - 1] == .white
        }
        let missing = maps.count { map in
            let drawn = map.picture.scaled(by: overview.thumbnailSide / max(map.rows, map.columns))
            return !starts.contains { start in
                (0..<drawn.height).allSatisfy { row in
                    let place = start + row * picture.width
                    return place + drawn.width <= picture.pixels.count
                        && picture.pixels[place..<place + drawn.width].elementsEqual(
                            drawn.pixels[row * drawn.width..<(row + 1) * drawn.width])
                }
            }
        }
        #expect(missing == 0)
        #expect(try DecodedPNG(picture.png()).pixels == picture.pixels.map { [$0.red, $0.green, $0.blue] })
    }
}

extension Array {
    fileprivate func striding(by step: Int) -> [Element] { stride(from: 0, to: count, by: step).map { self[$0] } }
}
