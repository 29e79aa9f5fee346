/// How the losses of the micro-batches of one optimizer step become one: those that one process accumulates, and
/// those of all processes.
public enum LossReduction: String, CaseIterable, Sendable {
    /// The mean of the micro-batches' own means, as published: a token counts more where few others do.
    case batch
    /// The mean over all counted tokens. It does not depend on how samples are dealt to micro-batches and processes.
    /// The auxiliary loss of experts, which is measured in each micro-batch alone, counts by its tokens too.
    case token
}
