import Tensor

/// Things by name: the recipe, the environment.
enum FactTable {
    /// None where nothing is known.
    static func html(_ title: String, id: String, _ facts: JSONObject) -> HTML? {
        guard !facts.keys.isEmpty else { return nil }
        let rows = facts.map { key, value -> HTML in "<tr><th scope=\"row\">\(key)</th><td>\(words(value))</td></tr>" }
        return """
            <section class="card facts" id="\(id)"><h3>\(title)</h3><div class="scroll"><table>\(rows)</table></div></section>

            """
    }

    /// Rows in which runs differ, a column a run.
    static func differences(_ recipes: [JSONObject], names: [HTML]) -> HTML {
        let keys = recipes.flatMap(\.keys).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let rows = keys.compactMap { key -> HTML? in
            let values = recipes.map { $0[key] }
            guard values.contains(where: { $0 != values[0] }) else { return nil }
            return "<tr><th scope=\"row\">\(key)</th>\(values.map { "<td>\($0.map(words) ?? "—")</td>" as HTML })</tr>"
        }
        guard !rows.isEmpty else { return "<p class=\"none\">The recipes are the same.</p>\n" }
        return """
            <div class="card facts scroll" id="differences"><table><thead><tr><td></td>\(names.map { "<th scope=\"col\">\($0)</th>" as HTML })</tr></thead>\
            <tbody>\(rows)</tbody></table></div>

            """
    }

    /// Without the quotation marks that words have in the list of flags.
    private static func words(_ value: JSON) -> String {
        guard let text = value.string else { return value.serialized }
        return text.count > 2 && text.hasPrefix("'") && text.hasSuffix("'") ? String(text.dropFirst().dropLast()) : text
    }
}
