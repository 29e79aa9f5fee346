import Testing

@testable import Report

@Suite("Markup")
struct HTMLTests {
    @Test("Text that is put in is escaped, markup and numbers are not")
    func escaping() {
        let text = "<script>alert(\"x\" & 'y')</script>"
        let escaped = "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;"
        let html: HTML = "<p title=\"\(text)\">\(text)\(3)</p>"
        #expect(html.markup == "<p title=\"\(escaped)\">\(escaped)3</p>")
        let outer: HTML = "<div>\(html)\([html, html])\(nil as HTML?)</div>"
        #expect(outer.markup == "<div>\(html.markup)\(html.markup)\(html.markup)</div>")
    }

    @Test("Control characters become pictures of themselves; lines, and words of any script stay")
    func controls() {
        let html: HTML = "\("a\u{0}b\u{1B}[31m\u{7F}\u{85}\n\t天空 é 👩‍🚀")"
        #expect(html.markup == "a\u{2400}b\u{241B}[31m\u{2421}\u{FFFD}\n\t天空 é 👩‍🚀")
    }

    @Test("Numbers as people read them")
    func numbers() {
        #expect(
            [0.168, 2.816, 44.25, 1234, 2.5e-5, -0.5, 1e7, 0, 0.0123].map(Wording.number) == [
                "0.168", "2.82", "44.2", "1234", "2.5e-5", "−0.500", "1e7", "0", "0.012",
            ])
        #expect(Wording.number(.nan) == "—" && Wording.number(-.infinity) == "−∞")
        #expect(
            [0, 999, 1000, 49_152, -1_234_567, .max].map { Wording.count($0) } == [
                "0", "999", "1,000", "49,152", "−1,234,567", "9,223,372,036,854,775,807",
            ])
        #expect(Wording.perplexities(ofLosses: [0, 1, 2, 3, 20]) == ["1.00", "2.72", "7.39", "20.1", "4.85e8"])
        #expect(Wording.perplexities(ofLosses: [0.001, 0.002, 0.003]) == ["1.001", "1.002", "1.003"])
        #expect(Wording.perplexities(ofLosses: [0, 1000, 2000]) == ["1.00", "∞", "∞"])
        #expect(Wording.perplexities(ofLosses: [0, 500, 1000]) == ["1.00", "1.4e217", "∞"])
        #expect(
            [0, 3200.7, -0.5, 1e300, -1e300, .infinity, .nan].map(Wording.whole) == [
                "0", "3,200", "0", "1,000,000,000,000,000", "−1,000,000,000,000,000", "1,000,000,000,000,000", "—",
            ])
        #expect([0.25, 17.44, 754, 3725, .nan].map(Wording.duration) == ["0.25 s", "17.4 s", "12 min 34 s", "1 h 02 min", "—"])
        #expect([0, 999, 93_200_000, 1_180_000_000].map(Wording.bytes) == ["0 B", "999 B", "93.2 MB", "1.18 GB"])
    }
}
