import Testing

@testable import Data

/// Texts of every kind with the tokens that its post-processor puts around them.
@Suite struct KindSpecialTokenTests {
    @Test(arguments: KindFixture.names)
    func textsHaveTheLibrarysSpecialTokens(_ name: String) throws {
        let kind = try KindCase(name)
        guard kind.expected["special"] != nil else { return }
        let numbers = kind.numbers.filter { $0 % 10 == 0 }
        for (index, checksum) in zip(numbers, try kind.checksums("special", count: numbers.count)) {
            let text = kind.fixture.texts[index]
            let ids = try kind.tokenizer.encode(text, addingSpecialTokens: true)
            #expect(KindCase.checksum(ids.map { UInt32($0) }) == checksum, "\(name) \(index): \(text.debugDescription) gives \(ids)")
        }
    }
}
