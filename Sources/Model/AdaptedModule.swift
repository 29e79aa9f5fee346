import Tensor

/// A module of a model that adapters join: its weight, and the updates that are attached to it.
public class AdaptedModule {
    /// Where it stands in the model.
    public let place: ParameterPlace
    /// The name of the module in the state dict of the model's generation, such as `layers.0.attention.wq`.
    public let name: String
    /// `[out, in]` of a linear layer, `[vocabulary, dim]` of the embedding.
    public internal(set) var weight: Tensor
    /// Where LoRA joins, in the order in which they were attached.
    public internal(set) var updates: [LinearUpdate] = []
    /// Rows of the weight that are trained apart from the others, of the embedding and the output projection.
    public internal(set) var tokenRows: [TokenRows] = []
    /// What the weight was before updates were merged into it, and which.
    var merged: Merged?
    /// The module whose weight is this one's too, while they are tied: of the embedding the output projection, and the other way round.
    weak var twin: AdaptedModule?

    /// Whether the weight is an adapter's own (``OwnParameters``), which a merge must not change.
    package internal(set) var hasOwnWeight = false

    /// What was merged into a weight.
    struct Merged {
        /// The weight's values before.
        let original: Tensor
        /// The weight before, where it is another module's too and was left as it is.
        let shared: Tensor?
        let updates: [LinearUpdate]
        let rows: [TokenRows]
    }

    init(_ place: ParameterPlace, naming: ParameterNaming, weight: Tensor) {
        self.place = place
        self.weight = weight
        name = naming.moduleName(of: place)
    }

    /// The width of what it reads; of the embedding the number of tokens it knows.
    public var inputWidth: Int { weight.shape[1] }
    /// The width of what it returns.
    public var outputWidth: Int { weight.shape[0] }

    /// Whether it is a linear layer of one width: what the default recipe adapts.
    package var isSquare: Bool {
        guard case .layer = place else { return false }
        return inputWidth == outputWidth
    }

    /// Whether another module has the same weight.
    package var sharesWeight: Bool { twin.map { $0.weight === weight } ?? false }

    // MARK: - Updates

    /// Attaches an update, in place of the one of its name if there is one.
    public func attach(_ update: LinearUpdate) {
        precondition(
            update.factors.a.shape[1] == weight.shape[1] && update.factors.b.shape[0] == weight.shape[0],
            "factors that fit a weight \(weight.shape)")
        if let index = updates.firstIndex(where: { $0.name == update.name }) {
            if let original = updates[index].original, original !== update.original { weight.replaceValues(original.values) }
            updates[index] = update
        } else {
            updates.append(update)
        }
    }

    /// Takes an update off, and the rows of its adapter; a weight that it had taken apart is whole again, to the bit.
    ///
    /// - Returns: the update; `nil` where none has the name
    @discardableResult
    public func detach(_ name: String) -> LinearUpdate? {
        let update = remove(name)
        tokenRows.removeAll { $0.name == name }
        if let original = update?.original { weight.replaceValues(original.values) }
        return update
    }

    /// Takes an update off, and leaves the weight as it is.
    @discardableResult
    func remove(_ name: String) -> LinearUpdate? {
        updates.firstIndex { $0.name == name }.map { updates.remove(at: $0) }
    }

    /// Sets how much an update counts; 0 switches it off, and the rows of its adapter with it. A name that none has is passed over.
    public func setWeight(_ weight: Float, of name: String) {
        for index in updates.indices where updates[index].name == name { updates[index].weight = weight }
        for index in tokenRows.indices where tokenRows[index].name == name { tokenRows[index].isOn = weight != 0 }
    }

    /// The update of a name.
    public func update(_ name: String) -> LinearUpdate? { updates.first { $0.name == name } }

    /// Has some rows of the weight from now on in the place of its own, after those of other adapters.
    package func attach(_ rows: TokenRows) {
        tokenRows.removeAll { $0.name == rows.name }
        tokenRows.append(rows)
    }

    /// The rows that are switched on.
    var activeRows: [TokenRows] { tokenRows.filter(\.isOn) }
}
