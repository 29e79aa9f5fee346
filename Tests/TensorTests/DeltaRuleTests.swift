import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite("The gated delta rule")
struct DeltaRuleTests {
    /// A sequence, two that part after its second row, one of which parts again, and a sequence of one row.
    private static let branches = [
        SequenceRun(rows: 0..<2, parent: nil), SequenceRun(rows: 2..<4, parent: 0), SequenceRun(rows: 4..<6, parent: 0),
        SequenceRun(rows: 6..<8, parent: 2), SequenceRun(rows: 8..<9, parent: 2), SequenceRun(rows: 9..<10, parent: nil),
    ]

    /// The rule in float64, from states as matrices.
    private static func reference(
        _ x: [Double], _ logDecay: [Double], _ beta: [Double], _ heads: DeltaHeads, _ runs: [SequenceRun]
    ) -> [Double] {
        let rows = beta.count / heads.valueHeads
        var result = [Double](repeating: 0, count: rows * heads.valueWidth)
        let (keys, columns) = (heads.keyDim, heads.valueDim)
        func unit(_ row: Int, _ start: Int) -> [Double] {
            let part = x[row * heads.width + start..<row * heads.width + start + keys]
            let length = (part.reduce(0) { $0 + $1 * $1 } + 1e-6).squareRoot()
            return part.map { $0 / length }
        }
        for head in 0..<heads.valueHeads {
            var ends: [[Double]] = []
            let keyHead = head / (heads.valueHeads / heads.keyHeads)
            for run in runs {
                var state = run.parent.map { ends[$0] } ?? [Double](repeating: 0, count: keys * columns)
                for row in run.rows {
                    let (query, key) = (unit(row, keyHead * keys), unit(row, heads.keyWidth + keyHead * keys))
                    let (a, b) = (exp(logDecay[row * heads.valueHeads + head]), beta[row * heads.valueHeads + head])
                    for column in 0..<columns {
                        let value = x[row * heads.width + 2 * heads.keyWidth + head * columns + column]
                        var (known, read) = (0.0, 0.0)
                        for i in 0..<keys { known += a * state[i * columns + column] * key[i] }
                        for i in 0..<keys {
                            state[i * columns + column] = a * state[i * columns + column] + key[i] * b * (value - known)
                            read += state[i * columns + column] * query[i] / Double(keys).squareRoot()
                        }
                        result[row * heads.valueWidth + head * columns + column] = read
                    }
                }
                ends.append(state)
            }
        }
        return result
    }

    /// What a model has: decays below 1, and parts of an error that are learnt.
    private func inputs(_ rows: Int, _ heads: DeltaHeads, _ precision: Precision = .float32) -> [Tensor] {
        let gates = [randomParameter([rows, heads.valueHeads], seed: 2), randomParameter([rows, heads.valueHeads], seed: 3)]
        let decay = Tensor(gates[0].values.map { -0.3 * abs($0) }, shape: gates[0].shape)
        let beta = Tensor(gates[1].values.map { 1 / (1 + exp(-$0)) }, shape: gates[1].shape, precision: precision)
        (decay.isTrainable, beta.isTrainable) = (true, true)
        return [randomParameter([rows, heads.width], seed: 1, precision), decay, beta]
    }

    @Test(arguments: [
        DeltaHeads(keyHeads: 1, valueHeads: 1, keyDim: 1, valueDim: 1), DeltaHeads(keyHeads: 1, valueHeads: 2, keyDim: 3, valueDim: 2),
        DeltaHeads(keyHeads: 2, valueHeads: 2, keyDim: 2, valueDim: 3), DeltaHeads(keyHeads: 1, valueHeads: 1, keyDim: 17, valueDim: 2),
        DeltaHeads(keyHeads: 1, valueHeads: 1, keyDim: 2, valueDim: 34),
    ])
    func gradients(_ heads: DeltaHeads) {
        // Decays of either sign: the rule does not ask.
        checkGradients([[10, heads.width], [10, heads.valueHeads], [10, heads.valueHeads]]) {
            gatedDeltaRule($0[0], logDecay: scaled($0[1], by: 0.25), beta: scaled($0[2], by: 0.5), heads: heads, runs: Self.branches)
        } reference: {
            Self.reference($0[0], $0[1].map { 0.25 * $0 }, $0[2].map { 0.5 * $0 }, heads, Self.branches)
        }
    }

    @Test("Runs of several chunks")
    func chunks() {
        let heads = DeltaHeads(keyHeads: 1, valueHeads: 1, keyDim: 2, valueDim: 1)
        let runs = [
            SequenceRun(rows: 0..<64, parent: nil), SequenceRun(rows: 64..<130, parent: 0), SequenceRun(rows: 130..<133, parent: 0),
        ]
        checkGradients([[133, heads.width], [133, 1], [133, 1]]) {
            gatedDeltaRule($0[0], logDecay: scaled($0[1], by: 0.05), beta: scaled($0[2], by: 0.25), heads: heads, runs: runs)
        } reference: {
            Self.reference($0[0], $0[1].map { 0.05 * $0 }, $0[2].map { 0.25 * $0 }, heads, runs)
        }
    }

    @Test("How fast states decay")
    func decay() {
        checkGradients([[6, 3], [3], [3]]) {
            logDecay($0[0], bias: $0[1], logRate: $0[2])
        } reference: { inputs in
            inputs[0].enumerated().map { -exp(inputs[2][$0 % 3]) * log1p(exp($1 + inputs[1][$0 % 3])) }
        }
        // Where the logarithm of an exponential is no number any more.
        let x = Tensor([-200, -30, 19, 21, 200], shape: [5, 1])
        let y = logDecay(x, bias: Tensor([0], shape: [1]), logRate: Tensor([0], shape: [1]))
        #expect(distance(y.values, [0, -exp(-30), -19 - log1p(exp(-19)), -21, -200]) < 1e-7 && abs(y.values[1]) > 9e-14)
    }

    /// `Fixtures/delta_rule/make_fixtures.py`.
    @Test("The values of transformers, and PyTorch's gradients", arguments: ["chunk", "recurrent"])
    func golden(_ name: String) throws {
        let json = try JSON(
            parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: Paths.fixture("TensorTests", "delta_rule/golden.json"))))
        func values(_ shape: [Int], _ a: Int, _ b: Int) -> Tensor {
            let half = b / 2
            let values = (0..<shape.reduce(1, *)).map { Float(Double($0 * a % b - half) / Double(half)) }
            let tensor = Tensor(values, shape: shape)
            tensor.isTrainable = true
            return tensor
        }
        let heads = DeltaHeads(keyHeads: 2, valueHeads: 4, keyDim: 18, valueDim: 34)
        let x = values([79, heads.width], 7919, 1009)
        let (a, b, bias, rate) = (values([79, 4], 331, 97), values([79, 4], 173, 89), values([4], 3, 7), values([4], 5, 7))
        let runs = [SequenceRun(rows: 0..<70, parent: nil), SequenceRun(rows: 70..<79, parent: nil)]
        let y = gatedDeltaRule(
            x, logDecay: logDecay(a, bias: bias, logRate: rate), beta: activated(b, .sigmoid), heads: heads, runs: runs)
        y.backward(from: values([79, heads.valueWidth], 613, 211).values)
        for (key, found) in [
            ("y", y.values), ("x", x.gradient?.values ?? []), ("a", a.gradient?.values ?? []), ("b", b.gradient?.values ?? []),
            ("bias", bias.gradient?.values ?? []), ("log_rate", rate.gradient?.values ?? []),
        ] {
            let expected = try #require(json[name]?[key]?.array).compactMap(\.number)
            let own = stride(from: 0, to: found.count, by: max(found.count / 300, 1)).map { found[$0] }
            #expect(distance(own, expected) < 3e-6, "\(key)")
        }
    }

    @Test("Heads, columns and sequences do not know of each other", arguments: Precision.allCases)
    func independence(_ precision: Precision) {
        let heads = DeltaHeads(keyHeads: 2, valueHeads: 6, keyDim: 20, valueDim: 70)
        let inputs = inputs(10, heads, precision)
        let dy = randomParameter([10, heads.valueWidth], seed: 4, precision).values
        let y = gatedDeltaRule(inputs[0], logDecay: inputs[1], beta: inputs[2], heads: heads, runs: Self.branches)
        y.backward(from: dy)
        #expect(y.precision == precision)
        // A branch as a sequence of its own: its rows 6 and 7 after 0, 1, 4 and 5.
        let rows = [0, 1, 4, 5, 6, 7]
        func taken(_ tensor: Tensor, _ columns: Range<Int>? = nil) -> Tensor {
            let columns = columns ?? 0..<tensor.width
            let values = tensor.values
            let taken = Tensor(
                rows.flatMap { values[$0 * tensor.width + columns.lowerBound..<$0 * tensor.width + columns.upperBound] },
                shape: [rows.count, columns.count], precision: tensor.precision)
            taken.isTrainable = true
            return taken
        }
        let alone = gatedDeltaRule(
            taken(inputs[0]), logDecay: taken(inputs[1]), beta: taken(inputs[2]), heads: heads,
            runs: [SequenceRun(rows: 0..<6, parent: nil)])
        #expect(alone.values == taken(y).values)
        // One head and some of its columns: head 4, which the second head of keys serves.
        let (query, key, value) = (taken(inputs[0], 20..<40).values, taken(inputs[0], 60..<80).values, taken(inputs[0], 360..<363).values)
        var values: [Float] = []
        for row in rows.indices {
            values += query[row * 20..<row * 20 + 20]
            values += key[row * 20..<row * 20 + 20]
            values += value[row * 3..<row * 3 + 3]
        }
        let x = Tensor(values, shape: [6, 43], precision: precision)
        let single = gatedDeltaRule(
            x, logDecay: taken(inputs[1], 4..<5), beta: taken(inputs[2], 4..<5),
            heads: DeltaHeads(keyHeads: 1, valueHeads: 1, keyDim: 20, valueDim: 3), runs: [SequenceRun(rows: 0..<6, parent: nil)])
        #expect(single.values == taken(y, 4 * 70..<4 * 70 + 3).values)
    }

    @Test("Gradients of shared beginnings are the sums of sequences apart")
    func sharedBeginnings() {
        let heads = DeltaHeads(keyHeads: 2, valueHeads: 4, keyDim: 33, valueDim: 40)
        // Two sequences of 72 and 68 tokens that have the first 67 in common.
        let runs = [
            SequenceRun(rows: 0..<67, parent: nil), SequenceRun(rows: 67..<72, parent: 0), SequenceRun(rows: 72..<73, parent: 0),
        ]
        let shared = inputs(73, heads)
        let dy = randomParameter([73, heads.valueWidth], seed: 4).values
        gatedDeltaRule(shared[0], logDecay: shared[1], beta: shared[2], heads: heads, runs: runs).backward(from: dy)
        var sums = shared.map { [Double](repeating: 0, count: $0.count) }
        for rows in [Array(0..<72), Array(0..<67) + [72]] {
            let own = shared.map { tensor in
                let (values, width) = (tensor.values, tensor.width)
                let own = Tensor(rows.flatMap { values[$0 * width..<($0 + 1) * width] }, shape: [rows.count, width])
                own.isTrainable = true
                return own
            }
            // A shared row's gradient counts once.
            let gradient = rows.flatMap { row in
                (0..<heads.valueWidth).map { rows.count == 68 && row < 67 ? 0 : dy[row * heads.valueWidth + $0] }
            }
            gatedDeltaRule(
                own[0], logDecay: own[1], beta: own[2], heads: heads, runs: [SequenceRun(rows: 0..<rows.count, parent: nil)]
            ).backward(from: gradient)
            for (index, tensor) in own.enumerated() {
                let values = tensor.gradient?.values ?? []
                for (place, row) in rows.enumerated() {
                    let width = tensor.width
                    for column in 0..<width { sums[index][row * width + column] += Double(values[place * width + column]) }
                }
            }
        }
        for (tensor, sum) in zip(shared, sums) { #expect(distance(tensor.gradient?.values ?? [], sum) < 1e-6) }
    }

    @Test("A text part by part is the whole text")
    func state() {
        let heads = DeltaHeads(keyHeads: 1, valueHeads: 3, keyDim: 20, valueDim: 70)
        let inputs = inputs(12, heads)
        let whole = gatedDeltaRule(
            inputs[0], logDecay: inputs[1], beta: inputs[2], heads: heads, runs: [SequenceRun(rows: 0..<12, parent: nil)])
        let state = heads.emptyStates
        var values: [Float] = []
        for rows in [0..<5, 5..<6, 6..<12] {
            let part = inputs.map { gatherRows($0, rows.map(Int32.init)) }
            let y = gatedDeltaRule(
                part[0], logDecay: part[1], beta: part[2], heads: heads, runs: [SequenceRun(rows: 0..<rows.count, parent: nil)],
                state: state)
            #expect(y.producer == nil)
            values += y.values
        }
        #expect(values == whole.values)
    }

    @Test("In 16 bits the result is rounded once", arguments: [Precision.bfloat16, .float16])
    func sixteenBits(_ precision: Precision) {
        let heads = DeltaHeads(keyHeads: 1, valueHeads: 2, keyDim: 20, valueDim: 70)
        let inputs = inputs(10, heads, precision)
        let y = gatedDeltaRule(inputs[0], logDecay: inputs[1], beta: inputs[2], heads: heads, runs: Self.branches)
        let values = inputs.map { $0.values.map(Double.init) }
        let exact = Self.reference(values[0], values[1], values[2], heads, Self.branches)
        // A sixteenth of half a unit in the last place, as for all operations that round.
        let bound = precision == .bfloat16 ? 0x1p-12 : 0x1p-15
        #expect(relativeError(y.values, exact.map { precision.rounded(Float($0)) }) < bound)
        // Gradients are those of the values that were read, in float32.
        let dy = randomParameter([10, heads.valueWidth], seed: 4, precision).values
        y.backward(from: dy)
        let wide = inputs.map { Tensor($0.values, shape: $0.shape) }
        for tensor in wide { tensor.isTrainable = true }
        gatedDeltaRule(wide[0], logDecay: wide[1], beta: wide[2], heads: heads, runs: Self.branches).backward(from: dy)
        for (tensor, expected) in zip(inputs, wide) {
            #expect(tensor.gradient?.precision == .float32 && tensor.gradient?.values == expected.gradient?.values)
        }
    }
}
