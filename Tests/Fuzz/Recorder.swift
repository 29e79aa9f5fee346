import Data
import Foundation
import LoRA
import Model
import Tensor

/// Keeps how readers took an input: each refusal by its kind, and what must not be.
final class Recorder {
    private(set) var isAccepted = false
    /// Where reading is, for whoever finds the process dead.
    private let enter: (StaticString) -> Void
    private let refused: (_ kind: String) -> Void
    private let scratch: String

    init(scratch: String, enter: @escaping (StaticString) -> Void, refused: @escaping (_ kind: String) -> Void) {
        self.scratch = scratch
        self.enter = enter
        self.refused = refused
    }

    func begin() { isAccepted = false }

    /// The input is what its format asks for, whatever may come behind.
    func accept() { isAccepted = true }

    /// - Returns: `nil` where `body` refuses
    /// - Throws: ``FuzzFailure`` where the refusal is none that a person could be told
    @discardableResult
    func attempt<Result>(_ stage: StaticString, _ body: () throws -> Result) throws -> Result? {
        enter(stage)
        do {
            return try body()
        } catch {
            switch error {
            case is TensorFileError, is ModelError, is AdapterFileError, is LoRAError, is TokenizerError, is DatasetError, is TemplateError:
                break
            case is FuzzFailure: throw error
            default: throw FuzzFailure("\(stage): an error of no type of ours: \(error)")
            }
            let text = "\(error)"
            if text.utf8.contains(where: { $0 == 10 || $0 == 13 }) {
                throw FuzzFailure("\(stage): a message of several lines: \(text.debugDescription.prefix(300))")
            }
            if text.utf8.count > Self.longestMessage {
                throw FuzzFailure("\(stage): a message of \(text.utf8.count) bytes: \(text.prefix(200))")
            }
            refused("\(stage): \(kind(text))")
            return nil
        }
    }

    private static let longestMessage = 8192

    /// A message without what differs from file to file: names in quotes, numbers, places.
    private func kind(_ text: String) -> String {
        var kind: [UInt8] = []
        var isQuoted = false
        for byte in text.replacingOccurrences(of: scratch, with: "").utf8.prefix(400) {
            if byte == UInt8(ascii: "'") {
                isQuoted.toggle()
                kind.append(byte)
            } else if isQuoted {
                continue
            } else if 0x30...0x39 ~= byte || byte == UInt8(ascii: "-") {
                if kind.last != UInt8(ascii: "#") { kind.append(UInt8(ascii: "#")) }
            } else if byte < 0x80 {
                kind.append(byte)
            }
        }
        return String(decoding: kind.prefix(96), as: UTF8.self)
    }
}
