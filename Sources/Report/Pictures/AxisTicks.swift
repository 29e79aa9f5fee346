/// The rows or columns of a matrix that an axis names.
enum AxisTicks {
    /// Multiples of 1, 2 or 5 times a power of ten, from 0.
    ///
    /// - Parameters:
    ///   - count: of the rows or columns
    ///   - most: how many the axis has room for, at least 1
    static func places(_ count: Int, most: Int) -> [Int] {
        var step = 1
        // 1, 2, 5, 10, 20, …
        var factors = [2, 5, 10]
        var power = 1
        while (count - 1) / step + 1 > most {
            step = factors.removeFirst() * power
            if factors.isEmpty { (factors, power) = ([2, 5, 10], power * 10) }
        }
        return Array(stride(from: 0, to: count, by: step))
    }
}
