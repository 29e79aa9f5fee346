import Foundation
import Tensor

/// What stands beside `tokenizer.json`: `tokenizer_config.json` with the roles of the special tokens,
/// `special_tokens_map.json` of older tokenizers, and `chat_template.jinja`. Each may be missing. They are
/// combined as the `transformers` library (version 5) combines them.
struct TokenizerConfiguration: Sendable {
    /// The roles that every tokenizer knows, in the order in which missing tokens get their ids.
    private static let roles = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// The names of the roles that have a token, such as `bos_token`, in the order in which they were read.
    private var namedRoles: [String] = []
    private var tokensByRole: [String: AddedToken] = [:]
    /// Special tokens without a role.
    private(set) var extra: [AddedToken] = []
    /// Tokens of `added_tokens_decoder`, by ascending id; `nil` where there is no such field.
    private(set) var added: [AddedToken]?
    /// Their ids.
    private(set) var addedIDs: [Int] = []
    /// Tokens of `added_tokens.json`, which counts where there is no `added_tokens_decoder`.
    private var legacyAdded: [Int: AddedToken] = [:]
    /// Roles of which the files say that no token has them.
    private var emptyRoles: Set<String> = []
    /// Whether the files list special tokens without a role, if only none.
    private var listsExtra = false
    /// `tokenizer_config.json`, without a value where the folder has no such file.
    let file: JSONField
    /// Whether special tokens in text are encoded as text.
    private(set) var splitsSpecialTokens = false
    private(set) var chatTemplate: String?
    /// The template of conversations with tools, where it is one of its own.
    private(set) var toolTemplate: String?
    /// Whether a text begins with the bos token; `nil` where nothing is said of it.
    private(set) var addsBOS: Bool?
    /// Whether decoded text loses the spaces before punctuation.
    private(set) var cleansUpSpaces = false
    /// The same for byte pairs, which have no others than the text had, and have to ask for it twice.
    private(set) var cleansUpSpacesOfBytePairs = false

    /// - Parameter roles: The roles that have a token, by their order.
    init(roles: [(name: String, token: String)], chatTemplate: String?, toolTemplate: String?, addsBOS: Bool) {
        file = JSONField(file: "tokenizer_config.json", path: "", value: nil)
        for (name, token) in roles { give(name, AddedToken(special: token)) }
        self.chatTemplate = chatTemplate
        self.toolTemplate = toolTemplate
        self.addsBOS = addsBOS
    }

    init(folder: String) throws(TokenizerError) {
        let path = "\(folder)/tokenizer_config.json"
        let field = try Self.readIfThere(path)
        file = field ?? JSONField(file: path, path: "", value: nil)
        if let field {
            if let (ids, tokens) = try Self.addedTokens(field["added_tokens_decoder"]) { (addedIDs, added) = (ids, tokens) }
            splitsSpecialTokens = try field["split_special_tokens"].bool(default: false)
            (chatTemplate, toolTemplate) = try Self.chatTemplates(field["chat_template"])
            cleansUpSpaces = try field["clean_up_tokenization_spaces"].bool(default: false)
            let forced = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
            let isForced = try field[forced].bool(default: false)
            cleansUpSpacesOfBytePairs = cleansUpSpaces && isForced
            if field["add_bos_token"].value != nil { addsBOS = try field["add_bos_token"].bool(default: false) }
            try readRoles(field)
        }
        if added == nil {
            if let field = try Self.readIfThere("\(folder)/special_tokens_map.json") { try readRoles(field) }
            if let field = try Self.readIfThere("\(folder)/added_tokens.json") { try readLegacyAdded(field) }
        }
        let template = "\(folder)/chat_template.jinja"
        if FileManager.default.fileExists(atPath: template) {
            chatTemplate = try Self.text(of: template)
            // Where one template is a file, all are.
            let template = "\(folder)/additional_chat_templates/tool_use.jinja"
            toolTemplate = FileManager.default.fileExists(atPath: template) ? try Self.text(of: template) : nil
        }
    }

    /// The token of a role.
    func token(_ role: String) -> String? { tokensByRole[role]?.content }

    /// The tokens that have a role.
    var named: [AddedToken] { namedRoles.compactMap { tokensByRole[$0] } }

    /// The roles that have a token, each with it.
    var roles: [(name: String, token: String)] {
        namedRoles.compactMap { name in tokensByRole[name].map { (name, $0.content) } }
    }

    /// Takes over what a tokenizer class brings along where the files say nothing of it.
    mutating func apply(roles: [(name: String, token: AddedToken)], extra tokens: [AddedToken]) {
        for (name, token) in roles where tokensByRole[name] == nil && !emptyRoles.contains(name) { give(name, token) }
        // Those of every tokenizer come first, in their own order, and then the class's.
        let first = Self.roles + roles.map(\.name).filter { !Self.roles.contains($0) }
        namedRoles = first.filter { tokensByRole[$0] != nil } + namedRoles.filter { !first.contains($0) }
        if !listsExtra { extra = tokens }
    }

    /// Settles which tokens are added, and in which order: those of the settings, or those of `tokenizer.json` over those
    /// of `added_tokens.json`.
    ///
    /// - Parameter always: Also where there is no `added_tokens.json`.
    mutating func settleAdded(_ listed: [(id: Int, token: AddedToken)], always: Bool) {
        guard added == nil, always || !legacyAdded.isEmpty else { return }
        let tokens = legacyAdded.merging(listed.map { ($0.id, $0.token) }) { $1 }.sorted { $0.key < $1.key }
        (addedIDs, added) = (tokens.map(\.key), tokens.map(\.value))
    }

    /// Gives the special tokens the flags of a plain one.
    mutating func resetSpecialTokens() {
        let special = Set((named + extra).map { Array($0.content.utf8) })
        func reset(_ token: AddedToken) -> AddedToken {
            special.contains(Array(token.content.utf8)) ? AddedToken(special: token.content) : token
        }
        tokensByRole = tokensByRole.mapValues(reset)
        extra = extra.map(reset)
        added = added?.map(reset)
    }

    /// Makes the tokens without a role special.
    mutating func makeExtraSpecial() {
        let contents = Set(extra.map { Array($0.content.utf8) })
        func special(_ token: AddedToken) -> AddedToken {
            var token = token
            if contents.contains(Array(token.content.utf8)) { token.isSpecial = true }
            return token
        }
        extra = extra.map(special)
        added = added?.map(special)
    }

    /// Gives pieces the names that `added_tokens_decoder` has for their ids, but not the name of a piece that keeps its own.
    func rename(_ pieces: inout [String]) {
        let names = Dictionary(zip(addedIDs, added ?? [])) { $1 }
        let kept = Set(pieces.indices.filter { names[$0] == nil }.map { Array(pieces[$0].utf8) })
        for (id, token) in names where pieces.indices.contains(id) && !kept.contains(Array(token.content.utf8)) {
            pieces[id] = token.content
        }
    }

    /// Has the added tokens sought in the text as it came.
    mutating func seekAddedTokensVerbatim() {
        added = added?.map { token in
            var token = token
            token.isNormalized = false
            return token
        }
    }

    /// Sets whether a text begins with the bos token where the files say nothing of it.
    mutating func applyAddsBOS(_ adds: Bool) { if addsBOS == nil { addsBOS = adds } }

    private mutating func readLegacyAdded(_ field: JSONField) throws(TokenizerError) {
        let special = Set((named + extra).map { Array($0.content.utf8) })
        for (content, value) in try field.object() {
            guard let id = value.integer, 0...Int(Int32.max) ~= id else { throw field[content].malformed("is not an id") }
            var token = AddedToken(special: content)
            token.isSpecial = special.contains(Array(content.utf8))
            token.isNormalized = !token.isSpecial
            legacyAdded[id] = token
        }
    }

    private static func readIfThere(_ file: String) throws(TokenizerError) -> JSONField? {
        FileManager.default.fileExists(atPath: file) ? try JSONField(contentsOf: file) : nil
    }

    /// Takes over roles and extra tokens; of a role that is read twice the later token counts.
    private mutating func readRoles(_ field: JSONField) throws(TokenizerError) {
        let others = try field.object().keys.filter {
            $0.hasSuffix("_token") && !Self.roles.contains($0) && Self.isToken(field[$0])
        }
        for role in Self.roles + others {
            guard field[role].value != nil else { continue }
            var token = try AddedToken(field[role])
            // It is special for its role, and so by default not sought in normalized text.
            token.isSpecial = true
            token.isNormalized = try field[role]["normalized"].bool(default: false)
            give(role, token)
        }
        for key in try field.object().keys where key.hasSuffix("_token") && field[key].value == nil { emptyRoles.insert(key) }
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            if try field.object()[key] != nil, field[key].value?.object == nil { listsExtra = true }
            if let roles = field[key].value?.object {
                for role in roles.keys { give(role, try AddedToken(field[key][role])) }
            } else {
                for element in try field[key].elements() { extra.append(try AddedToken(element)) }
            }
        }
    }

    private mutating func give(_ role: String, _ token: AddedToken) {
        if tokensByRole.updateValue(token, forKey: role) == nil { namedRoles.append(role) }
    }

    /// Other keys end in `_token` too, such as the switch `add_bos_token`.
    private static func isToken(_ field: JSONField) -> Bool {
        field.value?.string != nil || field["content"].value?.string != nil
    }

    private static func addedTokens(_ field: JSONField) throws(TokenizerError) -> (ids: [Int], tokens: [AddedToken])? {
        guard field.value != nil else { return nil }
        var tokens: [(id: Int, token: AddedToken)] = []
        for key in try field.object().keys {
            guard let id = Int(key), 0...Int(Int32.max) ~= id else { throw field[key].malformed("the key is not an id") }
            tokens.append((id, try AddedToken(field[key])))
        }
        tokens.sort { $0.id < $1.id }
        return (tokens.map(\.id), tokens.map(\.token))
    }

    /// A template, or of a list of named ones those named "default" and "tool_use". The others, such as "rag", are for
    /// callers who ask for them by name.
    private static func chatTemplates(_ field: JSONField) throws(TokenizerError) -> (chat: String?, tools: String?) {
        guard field.value != nil else { return (nil, nil) }
        guard field.value?.array != nil else { return (try field.string(), nil) }
        var named: [String: String] = [:]
        for element in try field.elements() {
            let name = try element["name"].string()
            if name == "default" || name == "tool_use" { named[name] = try element["template"].string() }
        }
        return (named["default"], named["tool_use"])
    }

    /// A text file with its line ends turned into line feeds, as Python reads it.
    private static func text(of file: String) throws(TokenizerError) -> String {
        guard let text = String(validating: try JSONField.bytes(of: file), as: UTF8.self) else {
            throw .malformed(file: file, field: "the whole file", reason: "is not UTF-8")
        }
        return text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    }
}
