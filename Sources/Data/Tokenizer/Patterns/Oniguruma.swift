#if Oniguruma
    import COniguruma
    import Synchronization

    /// The system's library of regular expressions.
    enum Oniguruma {
        /// Why an expression was not compiled.
        struct CompileError: Error {
            var reason: String
        }

        /// Groups within groups. Each takes stack while an expression is compiled.
        private static let depthLimit: UInt32 = 250
        /// Published expressions have some hundred characters.
        private static let lengthLimit = 16_384

        /// Compiling is done by one thread at a time, the first of which prepares the library.
        private static let isReady = Mutex(false)

        /// Compiles an expression.
        static func compile(_ expression: String) -> Result<OnigRegex, CompileError> {
            let bytes = withNamedClasses(Array(expression.utf8))
            guard bytes.count <= lengthLimit else { return .failure(CompileError(reason: "longer than \(lengthLimit) bytes")) }
            return isReady.withLock { isReady in
                if !isReady {
                    prepare()
                    isReady = true
                }
                var regex: OnigRegex?
                var message = [UInt8](repeating: 0, count: Int(ONIG_MAX_ERROR_MESSAGE_LEN) + 1)
                let result = onig_utf8_new(&regex, bytes, bytes.count, &message)
                guard result == ONIG_NORMAL, let regex else {
                    return .failure(CompileError(reason: String(decoding: message.prefix { $0 != 0 }, as: UTF8.self)))
                }
                return .success(regex)
            }
        }

        /// The expression with `\w`, `\d` and `\b` spelled by properties, which, unlike these, can be defined anew.
        private static func withNamedClasses(_ expression: [UInt8]) -> [UInt8] {
            var result: [UInt8] = []
            /// How many brackets are open.
            var depth = 0
            var index = 0
            while index < expression.count {
                let byte = expression[index]
                index += 1
                if byte == UInt8(ascii: "\\"), depth == 0, index < expression.count, let bound = bounds[expression[index]] {
                    result += bound
                    index += 1
                    continue
                }
                result.append(byte)
                switch byte {
                case UInt8(ascii: "\\") where index < expression.count:
                    let escaped = expression[index]
                    index += 1
                    // Within brackets, fractions and raised digits of Latin 1 are no part of words.
                    let word = depth > 0 ? "WordInBrackets" : "Word"
                    switch escaped {
                    case UInt8(ascii: "w"): result += Array("p{\(word)}".utf8)
                    case UInt8(ascii: "W"): result += Array("P{\(word)}".utf8)
                    case UInt8(ascii: "d"): result += Array("p{Nd}".utf8)
                    case UInt8(ascii: "D"): result += Array("P{Nd}".utf8)
                    default: result.append(escaped)
                    }
                case UInt8(ascii: "["):
                    depth += 1
                    // A bracket that comes first closes nothing.
                    for first in "^]".utf8 where index < expression.count && expression[index] == first {
                        result.append(first)
                        index += 1
                    }
                case UInt8(ascii: "]"):
                    depth = max(0, depth - 1)
                case UInt8(ascii: "(") where depth == 0 && limitsClasses(expression[index...]):
                    return expression
                default:
                    break
                }
            }
            return result
        }

        /// `\b` and `\B`.
        private static let bounds: [UInt8: [UInt8]] = [
            UInt8(ascii: "b"): Array(#"(?:(?<=\p{Word})(?!\p{Word})|(?<!\p{Word})(?=\p{Word}))"#.utf8),
            UInt8(ascii: "B"): Array(#"(?:(?<=\p{Word})(?=\p{Word})|(?<!\p{Word})(?!\p{Word}))"#.utf8),
        ]

        /// Whether a group begins with options such as `(?W)`, which make a class one of ASCII.
        ///
        /// - Parameter group: What follows the parenthesis.
        private static func limitsClasses(_ group: ArraySlice<UInt8>) -> Bool {
            guard group.first == UInt8(ascii: "?") else { return false }
            return group.dropFirst().prefix { 0x41...0x5A ~= $0 & 0xDF || $0 == UInt8(ascii: "-") }.contains { "WDSP".utf8.contains($0) }
        }

        /// What an error code means.
        static func message(_ code: Int32) -> String {
            switch code {
            case ONIGERR_RETRY_LIMIT_IN_MATCH_OVER, ONIGERR_RETRY_LIMIT_IN_SEARCH_OVER, ONIGERR_MATCH_STACK_LIMIT_OVER,
                ONIGERR_SUBEXP_CALL_LIMIT_IN_SEARCH_OVER:
                "gives up on a text, for it goes back and forth in it too often"
            default:
                "fails on a text with Oniguruma's error \(code)"
            }
        }

        /// Teaches the library the general categories as the `tokenizers` library knows them, whose own copy has a younger
        /// Unicode than most systems have.
        private static func prepare() {
            onig_utf8_initialize()
            onig_set_parse_depth_limit(depthLimit)
            for name in [
                "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "N", "Nd", "Nl", "No", "P", "S", "Z", "C", "Han", "Word",
                "WordInBrackets",
            ] {
                var ranges: [UInt32] = []
                UnicodeClassTable.forEachRun { scalars, classes in
                    let belongs =
                        switch name {
                        case "Han": classes.isHan
                        case "Word": classes.isWordOfPatterns
                        case "WordInBrackets": classes.isWordOfPatterns && !(scalars.lowerBound < 0x100 && classes.category == "No")
                        default: classes.category.hasPrefix(name)
                        }
                    guard belongs else { return }
                    if let last = ranges.last, last + 1 == scalars.lowerBound {
                        ranges[ranges.count - 1] = scalars.upperBound - 1
                    } else {
                        ranges += [scalars.lowerBound, scalars.upperBound - 1]
                    }
                }
                // The library keeps the pointer for as long as the process runs.
                let kept = UnsafeMutablePointer<OnigCodePoint>.allocate(capacity: ranges.count + 1)
                kept[0] = OnigCodePoint(ranges.count / 2)
                for (index, bound) in ranges.enumerated() { kept[index + 1] = bound }
                onig_unicode_define_user_property(name, kept)
            }
        }
    }
#endif
