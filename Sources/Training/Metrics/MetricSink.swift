/// Takes what a run tells of itself, as it goes: a file, a terminal, a service.
///
/// A sink that fails says so itself and goes silent: the training is worth more than its record.
public protocol MetricSink: AnyObject {
    /// Takes the next record, on the training's thread: it returns at once.
    func append(_ record: RunRecord)

    /// Called once, when no more comes; what was appended is delivered then.
    func finish()
}

extension MetricSink {
    public func finish() {}
}
