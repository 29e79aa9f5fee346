import Foundation
import Report
import Tensor
import TestSupport
import Testing

@Suite("Heat maps")
struct HeatMapTests {
    @Test("Shares have the colours that matplotlib draws")
    func viridis() throws {
        let text = try Foundation.Data(contentsOf: URL(fileURLWithPath: Paths.fixture("ReportTests", "viridis.json")))
        let samples = try #require(try JSON(parsing: text).array)
        #expect(samples.count > 15)
        for sample in samples {
            let share = Float(try #require(sample["share"]?.number))
            let color = Viridis.color(at: share)
            #expect([color.red, color.green, color.blue].map(Int.init) == sample["rgb"]?.array?.compactMap(\.integer), "\(share)")
        }
        #expect(Viridis.colors.count == 256)
        #expect(Viridis.color(at: .infinity) == Viridis.colors[255] && Viridis.color(at: -.infinity) == Viridis.colors[0])
        #expect(Viridis.color(at: .nan) == Viridis.missing && !Viridis.colors.contains(Viridis.missing))
    }

    @Test("A pixel an entry, from the lowest to the highest")
    func range() {
        let map = HeatMap([-1, 0, 3, 1, -0.5, 2], rows: 2, columns: 3)
        #expect(map.lowest == -1 && map.highest == 3 && map.largestMagnitude == 3 && map.blockSide == 1)
        let shares: [Float] = [0, 0.25, 1, 0.5, 0.125, 0.75]
        #expect(map.picture.width == 3 && map.picture.pixels == shares.map { Viridis.colors[min(Int($0 * 256), 255)] })
    }

    @Test("What is constant, endless or no number is drawn all the same")
    func oddities() {
        #expect(Set(HeatMap([2, 2, 2, 2], rows: 2, columns: 2).picture.pixels) == [Viridis.colors[0]])
        let map = HeatMap([.nan, -.infinity, 0, .infinity, 1, 0.5], rows: 3, columns: 2)
        #expect(map.lowest == 0 && map.highest == 1)
        let colors = Viridis.colors
        #expect(map.picture.pixels == [Viridis.missing, colors[0], colors[0], colors[255], colors[255], colors[128]])
        let nothing = HeatMap([.nan, .nan], rows: 1, columns: 2)
        #expect(nothing.lowest == 0 && nothing.picture.pixels == [Viridis.missing, Viridis.missing])
        let largest = Float.greatestFiniteMagnitude
        #expect(HeatMap([-largest, 0, largest], rows: 1, columns: 3).picture.pixels == [colors[0], colors[128], colors[255]])
    }

    @Test("A larger matrix is reduced to blocks that show what stands out")
    func reduction() {
        let (rows, columns) = (10, 7)
        let matrix = (0..<rows * columns).map { Float(($0 * 37) % 71 - 35) }
        let map = HeatMap(matrix, rows: rows, columns: columns, maximumSide: 4)
        #expect(map.blockSide == 3 && map.rows == 4 && map.columns == 3 && map.matrixRows == rows && map.matrixColumns == columns)
        for row in 0..<4 {
            for column in 0..<3 {
                var most: Float = 0
                for y in 3 * row..<min(3 * row + 3, rows) {
                    for x in 3 * column..<min(3 * column + 3, columns) where abs(matrix[y * columns + x]) > abs(most) {
                        most = matrix[y * columns + x]
                    }
                }
                #expect(map.values[row * 3 + column] == most)
            }
        }
        // The colours are those of the whole.
        #expect(map.lowest == matrix.min() && map.highest == matrix.max())
        var damaged = matrix
        damaged[8 * columns + 5] = .nan
        let other = HeatMap(damaged, rows: rows, columns: columns, maximumSide: 4)
        #expect(other.values[2 * 3 + 1].isNaN && other.values.count { $0.isNaN } == 1)
        #expect(HeatMap(matrix, rows: rows, columns: columns, maximumSide: 10).values == matrix)
        #expect(HeatMap(matrix, rows: rows, columns: columns, maximumSide: 0).values.count == 1)
    }
}
