import Foundation
import Report
import Tensor
import TestSupport
import Testing

@Suite("Singular values of factors")
struct SpectrumTests {
    private struct Case {
        let name: String
        let factors: LowRankFactors
        let values: [Double]
        let effectiveRank: Double

        init(_ json: JSON) throws {
            func numbers(_ key: String) throws -> [Double] { try #require(json[key]?.array).compactMap(\.number) }
            let (shape, rank) = (try numbers("shape").map { Int($0) }, try #require(json["rank"]?.integer))
            name = try #require(json["name"]?.string)
            factors = LowRankFactors(
                a: Tensor(try numbers("a").map { Float($0) }, shape: [rank, shape[1]]),
                b: Tensor(try numbers("b").map { Float($0) }, shape: [shape[0], rank]), scale: Float(try #require(json["scale"]?.number)))
            values = try numbers("values")
            effectiveRank = try #require(json["effective_rank"]?.number)
        }
    }

    private func cases() throws -> [Case] {
        let text = try Foundation.Data(contentsOf: URL(fileURLWithPath: Paths.fixture("ReportTests", "spectra.json")))
        return try #require(try JSON(parsing: text).array).map { try Case($0) }
    }

    @Test("They are NumPy's, and so is the effective rank")
    func numpy() throws {
        let cases = try cases()
        #expect(cases.count == 11)
        for one in cases {
            let values = one.factors.singularValues
            try #require(values.count == one.values.count, "\(one.name)")
            let largest = max(one.values[0], 1e-30)
            for (value, expected) in zip(values, one.values) {
                #expect(value >= 0 && abs(value - expected) <= 1e-12 * largest, "\(one.name): \(value), \(expected)")
            }
            #expect(values == values.sorted(by: >))
            #expect(abs(effectiveRank(of: values) - one.effectiveRank) < 1e-9, "\(one.name): \(effectiveRank(of: values))")
        }
    }

    @Test("Small ones beside large ones keep their digits")
    func smallValues() throws {
        let one = try #require(try cases().first { $0.name == "far apart" })
        for (value, expected) in zip(one.factors.singularValues, one.values) { #expect(abs(value - expected) < 1e-9 * expected) }
    }

    @Test("The product's norm is theirs")
    func norm() throws {
        for one in try cases() {
            let squares = one.factors.singularValues.reduce(0) { $0 + $1 * $1 }
            #expect(abs(squares.squareRoot() - one.factors.product.sumOfSquares.squareRoot()) <= 1e-5 * squares.squareRoot(), "\(one.name)")
        }
    }

    @Test("Factors with what is no number have no spectrum")
    func notANumber() {
        let factors = LowRankFactors(a: Tensor([1, .nan, 2, 3], shape: [2, 2]), b: Tensor([1, 2, 3, 4], shape: [2, 2]))
        #expect(factors.singularValues.count == 2 && factors.singularValues.allSatisfy(\.isNaN))
        #expect(effectiveRank(of: factors.singularValues).isNaN)
    }

    @Test("An effective rank lies between one and all")
    func effectiveRanks() {
        #expect(effectiveRank(of: []) == 0 && effectiveRank(of: [0, 0]) == 0)
        #expect(effectiveRank(of: [5]) == 1 && effectiveRank(of: [5, 0, 0]) == 1)
        #expect(abs(effectiveRank(of: [2, 2, 2, 2]) - 4) < 1e-12)
    }
}
