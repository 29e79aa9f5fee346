import Synchronization

#if Oniguruma
    import COniguruma

    /// A regular expression that Oniguruma runs, as it does in the `tokenizers` library.
    ///
    /// Its memory and its backtracking are limited in proportion to the text. So an expression that takes exponential
    /// time ends in an error, and those that go over a text a few times never do.
    final class RegexMatcher: TextMatcher {
        /// What a search works with.
        private struct Workspace: @unchecked Sendable {
            // Only the thread that took it out of the pool uses it.
            let region: UnsafeMutablePointer<OnigRegion>
            let limits: OpaquePointer
        }

        private let expression: String
        // Oniguruma only reads a compiled expression.
        private nonisolated(unsafe) let regex: OnigRegex
        private let idle = Mutex<[Workspace]>([])

        /// Every text may be gone over so many times.
        private static let retriesPerByte = 16
        /// Short texts have this many.
        private static let leastRetries = 1 << 20

        static func == (left: RegexMatcher, right: RegexMatcher) -> Bool { left.expression == right.expression }

        /// Compiles an expression.
        ///
        /// - Parameter field: Where it stands.
        /// - Throws: ``TokenizerError/malformed(file:field:reason:)`` where it is not one.
        init(_ expression: String, _ field: JSONField) throws(TokenizerError) {
            self.expression = expression
            let compiled = Oniguruma.compile(expression)
            switch compiled {
            case .success(let pointer): regex = pointer
            case .failure(let error): throw field.malformed("Oniguruma refuses the regular expression: \(error.reason.oneLine)")
            }
        }

        deinit {
            for workspace in idle.withLock({ $0 }) {
                onig_region_free(workspace.region, 1)
                onig_free_match_param(workspace.limits)
            }
            onig_free(regex)
        }

        func forEachMatch(in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
            guard let start = text.baseAddress else { return }
            let workspace = try workspace()
            defer { idle.withLock { $0.append(workspace) } }
            let retries = UInt(max(Self.leastRetries, text.count.multipliedReportingOverflow(by: Self.retriesPerByte).partialValue))
            onig_set_retry_limit_in_match_of_match_param(workspace.limits, retries)
            onig_set_retry_limit_in_search_of_match_param(workspace.limits, retries)
            onig_set_match_stack_limit_size_of_match_param(workspace.limits, UInt32(clamping: retries))
            var searched = 0
            var lastEnd: Int?
            while searched <= text.count {
                let result = onig_utf8_search(regex, start, text.count, searched, workspace.region, workspace.limits)
                if result == ONIG_MISMATCH { return }
                guard result >= 0 else { throw .patternFailed(Oniguruma.message(result)) }
                let match = Int(workspace.region.pointee.beg[0])..<Int(workspace.region.pointee.end[0])
                // An empty match right after another one is passed over.
                if match.isEmpty, match.upperBound == lastEnd {
                    searched += searched < text.count ? text.scalar(at: searched).length : 1
                    continue
                }
                searched = match.upperBound
                lastEnd = match.upperBound
                try body(match)
            }
        }

        private func workspace() throws(TokenizerError) -> Workspace {
            if let workspace = idle.withLock({ $0.popLast() }) { return workspace }
            guard let region = onig_region_new(), let limits = onig_new_match_param() else {
                throw .patternFailed("there is no memory left for it")
            }
            onig_initialize_match_param(limits)
            return Workspace(region: region, limits: limits)
        }
    }
#else
    /// Stands for the regular expressions that Oniguruma runs, which this build lacks.
    struct RegexMatcher: TextMatcher {
        /// - Throws: Always: the expression is refused.
        init(_ expression: String, _ field: JSONField) throws(TokenizerError) {
            throw field.unsupported(
                "this regular expression needs Oniguruma, which this build lacks; build with the trait Oniguruma, which is on by default")
        }

        func forEachMatch(in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {}
    }
#endif
