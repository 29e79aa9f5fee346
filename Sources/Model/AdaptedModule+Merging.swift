import Tensor

extension Linear {
    /// Adds updates to the weight and takes them off: the layer computes the same as before, to rounding, without
    /// their cost. The sums are float32, rounded once to the type in which the layer keeps its weight.
    ///
    /// - Parameter names: whose updates; those that are switched off add nothing and stay attached
    /// - Returns: what rounding left of them; `nil` where there was nothing to add
    public func merge(_ names: Set<String>) -> MergeReport? {
        let chosen = updates.filter { names.contains($0.name) && $0.weight != 0 }
        guard let first = chosen.first else { return nil }
        let before = weight.values
        var delta = first.delta(to: before)
        for update in chosen.dropFirst() {
            for (place, value) in update.delta(to: before).enumerated() { delta[place] += value }
        }
        let original = merged?.original ?? Tensor(before, shape: weight.shape, precision: weight.precision)
        merged = (original, (merged?.updates ?? []) + chosen)
        weight.replaceValues(zip(before, delta).map { $0 + $1 })
        for update in chosen { remove(update.name) }
        return MergeReport(before: before, delta: delta, after: weight.values)
    }

    /// Whether updates are merged into the weight.
    public var isMerged: Bool { merged != nil }

    /// The update of a name that is merged into the weight.
    package func mergedUpdate(_ name: String) -> LinearUpdate? { merged?.updates.last { $0.name == name } }

    /// Gives the weight back the very values that it had before anything was merged into it, and attaches the
    /// updates that were merged again.
    public func unmerge() {
        guard let merged else { return }
        self.merged = nil
        weight.replaceValues(merged.original.values)
        for update in merged.updates { attach(update) }
    }

    /// Runs `body` with merged updates attached instead. Then weight and updates are as before, to the bit.
    package static func withoutMerges<Value>(_ linears: [Linear], _ body: () throws -> Value) rethrows -> Value {
        let states = linears.map { ($0, $0.weight.values, $0.updates, $0.merged) }
        for (linear, _, _, _) in states { linear.unmerge() }
        defer {
            for (linear, values, updates, merged) in states {
                linear.weight.replaceValues(values)
                linear.updates = updates
                linear.merged = merged
            }
        }
        return try body()
    }
}

/// How much of a merged update is in the weight that it was merged into: where the weight is kept in 16 bits, rounding
/// can swallow small changes.
public struct MergeReport: Sendable, Equatable {
    /// `‖Δ‖²`, where Δ is what was to be added.
    private var square = 0.0
    /// `Δ · (after - before)`
    private var product = 0.0
    /// `‖after - before - Δ‖²`
    private var errorSquare = 0.0

    /// A report of nothing, to add to.
    package init() {}

    /// A report of one weight.
    ///
    /// - Parameters: the weight before, what was to be added to it, and the weight after; of one length
    package init(before: [Float], delta: [Float], after: [Float]) {
        for ((before, after), delta) in zip(zip(before, after), delta) {
            let (change, delta) = (Double(after) - Double(before), Double(delta))
            square += delta * delta
            product += delta * change
            errorSquare += (change - delta) * (change - delta)
        }
    }

    /// The part of the change in the direction that was meant, as a share of it: 1 where all of it survived, 0 where
    /// rounding swallowed it.
    public var survivingShare: Double { square > 0 ? product / square : 1 }

    /// The size of what rounding did, relative to the change that was meant.
    public var relativeError: Double { square > 0 ? (errorSquare / square).squareRoot() : 0 }

    /// The report of both together.
    package static func += (sum: inout MergeReport, other: MergeReport) {
        sum.square += other.square
        sum.product += other.product
        sum.errorSquare += other.errorSquare
    }
}
