/// What the package calls its own state.
public enum Release {
    /// By Semantic Versioning 2.0; CHANGELOG.md says what changed with each.
    public static let version = "0.7.0"
}
