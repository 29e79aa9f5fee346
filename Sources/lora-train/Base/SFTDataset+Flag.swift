import Data

extension SFTDataset {
    /// Opens the file that a flag names.
    ///
    /// - Throws: `DatasetError`, or ``CommandError`` with the flag where the path leads to no file
    static func open(
        _ path: String, flag: String, _ encoder: ConversationEncoder, access: RecordAccess = .checked, onBadRecord: BadRecordPolicy = .stop
    ) throws -> SFTDataset {
        do {
            return try SFTDataset(path: path, encoder: encoder, access: access, onBadRecord: onBadRecord)
        } catch {
            switch error {
            case .missing, .notAFile: throw CommandError.failure("\(error); give the path of a JSONL file with --\(flag)")
            default: throw error
            }
        }
    }
}
