/// What happens at a record that is no conversation: broken JSON, another shape, an unknown role, bytes that are not
/// UTF-8, a line that is too long, or a conversation that the chat template does not render.
public enum BadRecordPolicy: String, Sendable, CaseIterable {
    /// The record's error ends what was going on.
    case stop
    /// The record keeps its place in the order and in its batch, but nothing of it counts: it is a sample without
    /// tokens. So the other samples are trained on as they would be without a bad one, whichever the access and
    /// however many processes there are.
    case skip
}

/// When the records of a data file are looked at. What they are does not depend on it, nor do samples, order and
/// batches.
public enum RecordAccess: Sendable, CaseIterable {
    /// Every record is checked when the file is opened, so that a bad line 9,000 is named at once and not after an
    /// hour. Some 30 bytes a sample are kept.
    case checked
    /// Each record is checked when its sample is asked for. Opening only finds the lines, and nothing is kept for each
    /// of them: for files of many gigabytes.
    case streaming
}
