/// What the colours of a picture mean.
enum ColorScale {
    static func html(lowest: String, highest: String) -> HTML {
        "<div class=\"scale\"><span>\(lowest)</span><i></i><span>\(highest)</span></div>"
    }

    /// Viridis from left to right.
    static var gradient: String {
        let stops = stride(from: 0, through: 255, by: 17).map { Viridis.colors[$0].css }
        return "linear-gradient(90deg," + stops.joined(separator: ",") + ")"
    }
}

extension Picture.Color {
    /// As style sheets write it.
    var css: String {
        "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether white words stand out from it more than black ones, by the weights of the channels in Rec. 709.
    var isDark: Bool { 0.2126 * Double(red) + 0.7152 * Double(green) + 0.0722 * Double(blue) < 118 }
}
