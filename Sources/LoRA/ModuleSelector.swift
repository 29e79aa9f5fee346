import Model

/// Some of the modules of a model that adapters join, chosen by what they are, by name or by a pattern. The embedding and the output
/// projection are chosen by name or pattern alone, and the router of a mixture of experts by nothing.
public enum ModuleSelector: Sendable, Hashable {
    /// Those whose input and output have one width: the published recipe.
    case square
    /// Those of attention.
    case attention
    /// Those of feed-forward layers, experts among them.
    case mlp
    /// All linear layers but the output projection.
    case allLinear
    /// The modules that have this name, or whose name ends with a dot and it, in the naming of MiniMind, of Hugging Face or of a
    /// family that has its own: `layers.0.attention.wq`, `wq`, `q_proj`, `mlp.down_proj`, `embed_tokens`, `lm_head`.
    case name(String)
    /// The modules whose whole name a regular expression matches, in either naming.
    case pattern(String)

    /// Reads a word: `square`, `attention`, `mlp`, `all-linear`; a name; or, where there are signs that no name has,
    /// a pattern.
    public init(_ text: String) {
        switch text {
        case "square": self = .square
        case "attention": self = .attention
        case "mlp": self = .mlp
        case "all-linear", "all_linear": self = .allLinear
        default:
            let isName = text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || ("0"..."9").contains($0) || "._-".unicodeScalars.contains($0)
            }
            self = isName ? .name(text) : .pattern(text)
        }
    }

    /// The word that stands for it.
    public var text: String {
        switch self {
        case .square: "square"
        case .attention: "attention"
        case .mlp: "mlp"
        case .allLinear: "all-linear"
        case .name(let text), .pattern(let text): text
        }
    }

    /// Which modules it chooses.
    ///
    /// - Parameter behindDot: whether a pattern may also match what is behind a dot of the name, as the keys of PEFT's
    ///   `rank_pattern` do
    /// - Throws: ``LoRAError/pattern(_:reason:)``
    func matcher(behindDot: Bool = false) throws(LoRAError) -> (AdaptedModule) -> Bool {
        func hasRole(_ isWanted: @escaping (LinearRole) -> Bool) -> (AdaptedModule) -> Bool {
            { ($0 as? Linear)?.role.map(isWanted) ?? false }
        }
        switch self {
        case .square: return { $0.isSquare }
        case .attention: return hasRole { $0.isAttention || $0.isLinearAttention }
        case .mlp: return hasRole(\.isFeedForward)
        case .allLinear: return hasRole { _ in true }
        case .name(let name): return { $0.allNames.contains { $0 == name || $0.hasSuffix("." + name) } }
        case .pattern(let pattern):
            do {
                let expression = try Regex(behindDot ? #"(?:.*\.)?(?:"# + pattern + ")" : pattern)
                return { $0.allNames.contains { (try? expression.wholeMatch(in: $0)) != nil } }
            } catch {
                throw .pattern(pattern, reason: "\(error)")
            }
        }
    }

    /// The words of a list: parted by commas, in brackets and quotation marks or without.
    static func list(_ text: String) -> [ModuleSelector] {
        let inner = ListText.unwrapped(text, "[", "]") ?? ListText.unwrapped(text, "(", ")", ifListed: true) ?? text
        return ListText.parts(of: inner).map { ModuleSelector(ListText.unquoted($0)) }
    }
}

/// Which modules get an adapter: those that any of some selectors chooses.
public struct ModuleTargets: Sendable, Equatable {
    /// Each adds the layers that it chooses.
    public var selectors: [ModuleSelector]

    /// The layers that any of these chooses.
    public init(_ selectors: [ModuleSelector]) { self.selectors = selectors }

    /// Reads `square`, `attention`, `mlp`, `all-linear`, a list of such words and names, or a pattern, as PEFT's
    /// `target_modules` are written.
    public init(parsing text: String) { selectors = ModuleSelector.list(text) }

    /// The published recipe.
    public static let square = ModuleTargets([.square])
    /// All layers of attention, linear attention among them.
    public static let attention = ModuleTargets([.attention])
    /// All feed-forward layers, experts among them.
    public static let mlp = ModuleTargets([.mlp])
    /// Every linear layer.
    public static let allLinear = ModuleTargets([.allLinear])

    /// Layers by name, whole or its last parts.
    public static func modules(_ names: some Sequence<String>) -> ModuleTargets {
        ModuleTargets(names.map(ModuleSelector.name))
    }

    /// Layers whose whole name matches a regular expression.
    public static func pattern(_ pattern: String) -> ModuleTargets { ModuleTargets([.pattern(pattern)]) }

    /// The modules of a model that are chosen, in its order.
    ///
    /// - Throws: ``LoRAError/matchesNothing(_:names:)`` for a selector that chooses none,
    ///   ``LoRAError/pattern(_:reason:)``
    public func modules(of model: LanguageModel) throws(LoRAError) -> [AdaptedModule] {
        let modules = model.modules
        var chosen = [Bool](repeating: false, count: modules.count)
        for selector in selectors {
            let matches = try selector.matcher()
            var found = false
            for (index, module) in modules.enumerated() where matches(module) {
                chosen[index] = true
                found = true
            }
            guard found else { throw .matchesNothing(selector.text, names: LoRAError.names(of: modules)) }
        }
        return zip(modules, chosen).filter(\.1).map(\.0)
    }
}

/// A value for each adapted layer: that of the first selector that chooses it, or else the fallback.
public struct PerModule<Value: Sendable & Equatable>: Sendable, Equatable {
    /// A value for some layers.
    public struct Entry: Sendable, Equatable {
        /// The layers.
        public var selector: ModuleSelector
        /// Their value.
        public var value: Value

        /// A value for the layers that a selector chooses.
        public init(_ selector: ModuleSelector, _ value: Value) {
            self.selector = selector
            self.value = value
        }
    }

    /// The first that fits counts.
    public var entries: [Entry]
    /// The value of layers that no entry chooses.
    public var fallback: Value

    /// One value for all layers, but for those of the entries.
    public init(_ fallback: Value, _ entries: [Entry] = []) {
        self.fallback = fallback
        self.entries = entries
    }

    /// The value of each of some layers.
    ///
    /// - Throws: ``LoRAError/matchesNothing(_:names:)`` for an entry that fits none of them
    public func values(for modules: [AdaptedModule]) throws(LoRAError) -> [Value] {
        var values = [Value?](repeating: nil, count: modules.count)
        for entry in entries {
            let matches = try entry.selector.matcher(behindDot: true)
            var found = false
            for (index, module) in modules.enumerated() where matches(module) {
                values[index] = values[index] ?? entry.value
                found = true
            }
            guard found else { throw .matchesNothing(entry.selector.text, names: LoRAError.names(of: modules)) }
        }
        return values.map { $0 ?? fallback }
    }
}

extension PerModule where Value: LosslessStringConvertible {
    /// Reads `8`, `attention=8,mlp=16,default=4` or `{'attention': 8, 'mlp': 16, 'default': 4}`. Keys are words,
    /// names or patterns; `default` is the fallback.
    ///
    /// - Parameter fallback: where the text says none
    /// - Throws: ``LoRAError/table(_:)``
    public init(parsing text: String, fallback: Value) throws(LoRAError) {
        let parts = ListText.parts(of: ListText.unwrapped(text, "{", "}") ?? text)
        self.init(fallback)
        if parts.count == 1, let value = Value(parts[0]) {
            self.fallback = value
            return
        }
        for part in parts {
            guard let mark = part.lastIndex(where: { $0 == "=" || $0 == ":" }) else { throw .table(part) }
            let key = ListText.unquoted(part[..<mark].trimming())
            guard !key.isEmpty, let value = Value(part[part.index(after: mark)...].trimming()) else { throw .table(part) }
            if key == "default" {
                self.fallback = value
            } else {
                entries.append(Entry(ModuleSelector(key), value))
            }
        }
        guard !parts.isEmpty else { throw .table(text) }
    }
}

/// Lists as they are written on a command line, in JSON or in Python.
private enum ListText {
    /// What stands between an opening and a closing sign around the whole text.
    ///
    /// - Parameter ifListed: only where the inside begins with a quotation mark, so that a pattern's own signs stay
    static func unwrapped(_ text: String, _ open: Character, _ close: Character, ifListed: Bool = false) -> String? {
        let text = text.trimming()
        guard text.count >= 2, text.first == open, text.last == close else { return nil }
        let inner = String(text.dropFirst().dropLast())
        // A character class such as [qv]_proj has no closing sign at its end; [ab] alone is taken for a list.
        guard !ifListed || ["'", "\""].contains(inner.trimming().first) else { return nil }
        return inner
    }

    /// The parts between commas that stand in no brackets and no quotation marks; empty ones left out.
    static func parts(of text: String) -> [String] {
        var (parts, part, depth, quote, isEscaped) = ([String](), "", 0, Character?.none, false)
        for character in text {
            if character == ",", depth == 0, quote == nil {
                parts.append(part)
                part = ""
                continue
            }
            part.append(character)
            if isEscaped {
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil }
            } else {
                switch character {
                case "'", "\"": quote = character
                case "(", "[", "{": depth += 1
                case ")", "]", "}": depth = max(0, depth - 1)
                default: break
                }
            }
        }
        return (parts + [part]).map { $0.trimming() }.filter { !$0.isEmpty }
    }

    static func unquoted(_ text: String) -> String {
        for quote in ["'", "\""] where text.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return String(text.dropFirst().dropLast())
        }
        return text
    }
}

extension StringProtocol {
    /// The text without blanks at its ends.
    fileprivate func trimming() -> String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}

extension AdaptedModule {
    /// The names under which it can be chosen: MiniMind's and Hugging Face's, or the one that its family gives it.
    var allNames: [String] {
        let names = [ParameterNaming.classic, .huggingFace].map { $0.moduleName(of: place) }
        return names.contains(name) ? names : [name]
    }
}
