import Tensor

extension AdaptedModule {
    /// Adds updates to the weight and takes them off: the module computes the same as before, to rounding, without
    /// their cost. The sums are float32, rounded once to the type in which the module keeps its weight.
    ///
    /// A weight that embedding and output projection have in common is left to the one of them that is not changed, unless both
    /// change alike; so the model may be tied before and not afterwards.
    ///
    /// - Parameter names: whose updates; those that are switched off add nothing and stay attached
    /// - Returns: what rounding left of them; `nil` where there was nothing to add
    public func merge(_ names: Set<String>) -> MergeReport? {
        let (chosen, rows) = mergeable(names)
        guard !chosen.isEmpty || !rows.isEmpty else { return nil }
        let before = weight.values
        var delta = chosen.first?.delta(to: before) ?? [Float](repeating: 0, count: before.count)
        for update in chosen.dropFirst() {
            for (place, value) in update.delta(to: before).enumerated() { delta[place] += value }
        }
        var after = before
        for replacement in rows { replacement.write(into: &after) }
        for place in after.indices { after[place] += delta[place] }
        let follower = twin.flatMap { $0.sharesWeight && $0.hasSameRows(rows, names) && chosen.isEmpty ? $0 : nil }
        let isShared = sharesWeight || twin?.merged?.shared === weight || hasOwnWeight && merged == nil
        let shared = isShared && follower == nil ? weight : nil
        let original = merged?.original ?? Tensor(before, shape: weight.shape, precision: weight.precision)
        if shared != nil { weight = Tensor(zeros: weight.shape, like: weight) }
        weight.replaceValues(after)
        for module in [self, follower].compactMap({ $0 }) {
            let earlier = module.merged
            module.merged = Merged(
                original: original, shared: earlier?.shared ?? shared, updates: (earlier?.updates ?? []) + chosen,
                rows: (earlier?.rows ?? []) + rows)
            for update in chosen { module.remove(update.name) }
            module.tokenRows.removeAll { row in rows.contains { $0.name == row.name } }
        }
        if !rows.isEmpty { delta = zip(after, before).map { $0 - $1 } }
        return MergeReport(before: before, delta: delta, after: weight.values)
    }

    /// What a merge of some adapters adds to the weight.
    private func mergeable(_ names: Set<String>) -> (updates: [LinearUpdate], rows: [TokenRows]) {
        (updates.filter { names.contains($0.name) && $0.weight != 0 }, activeRows.filter { names.contains($0.name) })
    }

    /// Whether nothing but these rows is added to this module's weight.
    private func hasSameRows(_ rows: [TokenRows], _ names: Set<String>) -> Bool {
        let own = mergeable(names)
        return own.updates.isEmpty && own.rows.count == rows.count && zip(own.rows, rows).allSatisfy { $0.values === $1.values }
    }

    /// Whether updates are merged into the weight.
    public var isMerged: Bool { merged != nil }

    /// The update of a name that is merged into the weight.
    package func mergedUpdate(_ name: String) -> LinearUpdate? { merged?.updates.last { $0.name == name } }

    /// Whether something of an adapter is merged into the weight.
    package func hasMerged(_ name: String) -> Bool {
        mergedUpdate(name) != nil || merged?.rows.contains { $0.name == name } ?? false
    }

    /// The rows of a name, attached or merged.
    package func rows(_ name: String) -> TokenRows? {
        tokenRows.first { $0.name == name } ?? merged?.rows.last { $0.name == name }
    }

    /// Gives the weight back the very values that it had before anything was merged into it, and attaches the
    /// updates that were merged again.
    public func unmerge() {
        guard let merged else { return }
        self.merged = nil
        if let shared = merged.shared { weight = shared } else { weight.replaceValues(merged.original.values) }
        for update in merged.updates { attach(update) }
        for rows in merged.rows { attach(rows) }
    }

    /// Runs `body` with merged updates attached instead. Then weight and updates are as before, to the bit.
    package static func withoutMerges<Value>(_ modules: [AdaptedModule], _ body: () throws -> Value) rethrows -> Value {
        let states = modules.map { ($0, $0.weight, $0.weight.values, $0.updates, $0.tokenRows, $0.merged) }
        for module in modules { module.unmerge() }
        defer {
            for (module, weight, values, updates, rows, merged) in states {
                weight.replaceValues(values)
                module.weight = weight
                module.updates = updates
                module.tokenRows = rows
                module.merged = merged
            }
        }
        return try body()
    }
}

extension TokenRows {
    /// Writes the rows over those of their tokens.
    ///
    /// - Parameter weight: `[vocabulary, dim]`, row by row
    func write(into weight: inout [Float]) {
        let (own, width) = (values.values, values.width)
        for (index, token) in tokens.enumerated() {
            let first = Int(token) * width
            weight.replaceSubrange(first..<first + width, with: own[index * width..<(index + 1) * width])
        }
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
