import Foundation
import TestSupport
import Testing

@testable import lora_train

/// Which files a list of adapters names.
@Suite("Lists of adapters") struct AdapterListTests {
    private func words(_ text: String) throws -> [String] {
        try AdapterList(text, flag: "--lora_path").items.map { "\($0.path) × \($0.weight)" }
    }

    @Test func splitsWhatIsNotThere() throws {
        #expect(try words("a") == ["a × 1.0"])
        #expect(try words("a@0.5,b@-2") == ["a × 0.5", "b × -2.0"])
        for text in ["", ",a", "a,", "a@", "a@x", "a@nan", "@1"] {
            let error = #expect(throws: CommandError.self) { try words(text) }
            #expect(error?.exitCode == 2, "\(text)")
        }
    }

    @Test func takesAPathThatIsThereWhole() throws {
        let folder = try Paths.temporaryFolder() + "/one, two@3 %s 'é'"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/x@2,y", withIntermediateDirectories: true)
        for name in ["a@0.5", "a,b@1,c", "d"] { try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        let (at, comma, plain, peft) = ("\(folder)/a@0.5", "\(folder)/a,b@1,c", "\(folder)/d", "\(folder)/x@2,y")
        #expect(try words(at) == ["\(at) × 1.0"])
        #expect(try words("\(at)@2") == ["\(at) × 2.0"])
        #expect(try words("\(comma)@0.25,\(plain),\(at)") == ["\(comma) × 0.25", "\(plain) × 1.0", "\(at) × 1.0"])
        #expect(try words("\(peft),\(peft)@3") == ["\(peft) × 1.0", "\(peft) × 3.0"])
        #expect(try words("none@2,\(comma)") == ["none × 2.0", "\(comma) × 1.0"])
    }
}
