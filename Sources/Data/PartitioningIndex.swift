extension RandomAccessCollection where Index == Int {
    /// The first index from which on all elements have a property, found by halving; the end where none has it.
    ///
    /// - Parameter belongsToSecondPart: Whether an element has it, and with it all after it.
    @inline(__always)
    func partitioningIndex(where belongsToSecondPart: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if belongsToSecondPart(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
