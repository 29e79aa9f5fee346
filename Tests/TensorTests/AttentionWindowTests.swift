import Testing

@testable import Tensor

@Suite("Attention through a window")
struct AttentionWindowTests {
    @Test("A window that reaches the first key hides nothing", arguments: AttentionCase.small + AttentionCase.large, Precision.allCases)
    func wideWindow(_ size: AttentionCase, _ precision: Precision) {
        let (plain, wide) = (size.inputs(precision), size.inputs(precision))
        let results = zip([size, size.with(window: size.keys)], [plain, wide]).map { size, inputs in
            let result = size.run(inputs)
            result.backward(from: size.direction())
            return result.values
        }
        #expect(results[0] == results[1])
        #expect(plain.map(\.gradient?.values) == wide.map(\.gradient?.values))
        #expect(size.plan.visiblePairs == size.with(window: size.keys).plan.visiblePairs)
    }

    /// Keys that lie before every window may be left out, in whole lanes: sums go over the same numbers in the same order.
    @Test("Keys that nobody sees change nothing", arguments: Precision.allCases)
    func forgottenKeys(_ precision: Precision) {
        let all = AttentionCase("kept", heads: 4, keyValueHeads: 2, headDim: 8, [AttentionSegment(queries: 0..<90, keys: 0..<200)])
            .with(window: 60)
        let inputs = all.inputs(precision)
        let result = all.run(inputs)
        // The first query stands at place 110, and its window begins at 51.
        let few = AttentionCase("kept", heads: 4, keyValueHeads: 2, headDim: 8, [AttentionSegment(queries: 0..<90, keys: 0..<152)])
            .with(window: 60)
        let last = inputs.dropFirst().map { Tensor(Array($0.values.dropFirst(48 * 16)), shape: [152, 16], precision: precision) }
        #expect(few.run([inputs[0]] + last).values == result.values)
        result.backward(from: all.direction())
        for input in inputs.dropFirst() {
            let gradient = input.gradient?.values ?? []
            #expect(gradient.prefix(51 * 16).allSatisfy { $0 == 0 } && gradient[51 * 16..<52 * 16].contains { $0 != 0 })
        }
    }

    @Test("A window costs what is seen through it")
    func cost() {
        let size = AttentionCase("long", heads: 2, keyValueHeads: 1, headDim: 4, [AttentionSegment(queries: 0..<5000, keys: 0..<5000)])
        #expect(size.plan.visiblePairs == 5000 * 5001 / 2)
        let plan = size.with(window: 100).plan
        #expect(plan.visiblePairs == 100 * 101 / 2 + 4900 * 100)
        // Whole lanes at both ends.
        for block in plan.tasks.flatMap(\.blocks) { #expect(block.columns <= 100 + AttentionPlan.blockRows + 2 * 15) }
        let height = plan.tasks.map { $0.blocks.count / 2 * AttentionPlan.blockRows }.max() ?? 0
        for task in plan.tasks { #expect(task.keys <= 100 + height + 15 && task.widestBlock <= 194) }

        let branches = [
            AttentionSegment(queries: 0..<300, keys: 0..<300), AttentionCase.branch(300..<310, behind: 0..<300),
            AttentionCase.branch(310..<500, behind: 0..<300, 300..<310),
        ]
        let tree = AttentionCase("tree", heads: 2, keyValueHeads: 1, headDim: 4, branches).with(window: 5).plan
        #expect(tree.visiblePairs == (1 + 2 + 3 + 4) + 496 * 5)
        #expect(tree.tasks.allSatisfy { $0.keys <= 256 + 5 + 15 })
    }

    @Test("Through a window of one a query sees itself alone, and what scores it has no gradient but rounding")
    func one() {
        let size = AttentionCase.small[1].with(window: 1)
        let inputs = size.inputs()
        let (values, dy) = (inputs.map { $0.values.map(Double.init) }, size.direction())
        let result = size.run(inputs)
        result.backward(from: dy)
        #expect(distance(result.values, size.expected(values)) < 1e-5)
        let expected = size.expectedGradients(values, dy.map(Double.init))
        #expect(distance(inputs[2].gradient?.values ?? [], expected[2]) < 1e-5)
        // A difference of terms as large as these, all of which cancel out.
        let terms = expected[2].map(\.magnitude).max() ?? 0
        for (input, exact) in zip(inputs, expected).prefix(2) {
            #expect(exact.allSatisfy { $0.magnitude < 1e-12 })
            #expect((input.gradient?.values ?? [.nan]).allSatisfy { Double($0.magnitude) < 1e-5 * terms })
        }
    }
}
