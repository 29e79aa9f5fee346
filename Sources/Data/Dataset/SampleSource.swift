/// Something that a `DataLoader` takes samples from, on several threads at once.
public protocol SampleSource: Sendable {
    /// How many samples there are.
    var count: Int { get }
    /// A sample; `index` is in `0 ..< count`. The same index always gives the same sample.
    ///
    /// - Throws: what keeps it from being made; the loader hands it on
    func sample(at index: Int) throws -> Sample
}
