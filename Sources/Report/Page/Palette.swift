/// How series are told apart: by colours that people of every colour vision tell apart (Okabe & Ito 2008, darkened or
/// lightened to stand out from the page), and by dashes, through which a curve is seen that lies below another.
enum Palette {
    /// The colours of the style sheet, `--series-0` and on: as they are on a light page, and on a dark one.
    static let colors: [(light: String, dark: String)] = [
        ("#0072b2", "#56b4e9"), ("#c8500a", "#ff9457"), ("#00805c", "#34c79f"), ("#a8457f", "#e79cc8"),
        ("#94660a", "#f0bd3e"), ("#5a5fd0", "#a5a8ff"), ("#5f6b76", "#b3bec9"),
    ]

    private static let dashes = ["", "9 6", "1 5", "12 5 1 5"]

    /// The style of a series' lines.
    static func stroke(_ series: Int) -> String {
        let dash = dashes[series % dashes.count]
        return "stroke:\(color(series))" + (dash.isEmpty ? "" : ";stroke-dasharray:\(dash)")
    }

    /// The colour of a series.
    static func color(_ series: Int) -> String { "var(--series-\(series % colors.count))" }

    /// The declarations of the colours.
    static func declarations(isDark: Bool) -> String {
        colors.enumerated().map { "--series-\($0):\(isDark ? $1.dark : $1.light)" }.joined(separator: ";")
    }
}
