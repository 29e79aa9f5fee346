import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// The kinds of tokenizers that `make_kinds.py` made, and what the library does with them.
struct KindFixture: Sendable {
    let texts: [String]
    /// The last of the texts, whose scalars a regular expression may not know.
    let young: Int
    let rows: [[Int]]
    let kinds: [String: JSON]
    private let bases: JSON

    static let shared = Result { try KindFixture() }
    /// In the order of the files.
    static let names: [String] = ((try? shared.get()).map { $0.kinds.keys.sorted() }) ?? []

    private static func json(_ name: String) throws -> JSON {
        try TokenizerFixture.json(at: Paths.fixture("DataTests", "kinds/\(name).json"))
    }

    private init() throws {
        let file = try Self.json("texts")
        texts = try #require(file["texts"]?.array).map { try #require($0.string) }
        young = try #require(file["young"]?.integer)
        rows = try #require(file["rows"]?.array).map { row in try #require(row.array).map { try #require($0.integer) } }
        bases = try Self.json("bases")
        var kinds: [String: JSON] = [:]
        for group in ["bytes", "pieces", "stages"] {
            for (name, kind) in try #require(Self.json(group).object) { kinds[name] = kind }
        }
        self.kinds = kinds
    }

    /// A kind as its `tokenizer.json`.
    func definition(_ kind: JSON) throws -> JSON {
        let base = try #require(kind["base"]?.string)
        var root = try #require(bases[base]?.object)
        let charsmap = try #require(bases["charsmap"])
        for (key, value) in kind["fields"]?.object ?? [:] { root[key] = Self.replaced(value, by: charsmap) }
        var model = try #require(root["model"]?.object)
        for (key, value) in kind["model"]?.object ?? [:] { model[key] = value }
        let hex = Array("0123456789ABCDEF")
        let bytes = (0..<(kind["bytes"]?.integer ?? 0)).map { JSON.string("<0x\(hex[$0 >> 4])\(hex[$0 & 15])>") }
        let tokens = kind["tokens"]?.array ?? []
        if case .array(let pieces) = model["vocab"] {
            model["vocab"] = .array(pieces + bytes.map { .array([$0, 0]) } + tokens)
        } else {
            var vocabulary = try #require(model["vocab"]?.object)
            for token in bytes + tokens { vocabulary[try #require(token.string)] = .integer(vocabulary.keys.count) }
            model["vocab"] = .object(vocabulary)
        }
        root["model"] = .object(model)
        return .object(root)
    }

    private static func replaced(_ json: JSON, by charsmap: JSON) -> JSON {
        if json == "$charsmap" { return charsmap }
        if let elements = json.array { return .array(elements.map { replaced($0, by: charsmap) }) }
        guard var members = json.object else { return json }
        for key in members.keys { members[key] = members[key].map { replaced($0, by: charsmap) } }
        return .object(members)
    }
}

/// A kind with its tokenizer, and what is expected of it.
struct KindCase {
    let fixture: KindFixture
    let name: String
    let tokenizer: Tokenizer
    /// Which of the texts the kind is tried on.
    let numbers: [Int]
    let expected: JSON

    init(_ name: String) throws {
        fixture = try KindFixture.shared.get()
        self.name = name
        let kind = try #require(fixture.kinds[name])
        let folder = try TokenizerFixture.folder(files: ["tokenizer.json": fixture.definition(kind).serialized])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        tokenizer = try Tokenizer(folder: folder)
        let count = fixture.texts.count - (kind["old"]?.bool == true ? fixture.young : 0)
        numbers = Array(stride(from: 0, to: count, by: kind["every"]?.integer ?? 1))
        if let same = kind["same"]?.string { expected = try #require(fixture.kinds[same]) } else { expected = kind }
    }

    /// The checksums of one of the answers, of three characters each; "..." where the library has none that ours could be.
    func checksums(_ key: String, count: Int) throws -> [Substring] {
        let line = try #require(expected[key]?.string)
        var rest = line[...]
        var checksums: [Substring] = []
        while !rest.isEmpty {
            checksums.append(rest.prefix(3))
            rest = rest.dropFirst(3)
        }
        try #require(checksums.count == count && count > 0, "\(name): \(checksums.count) of \(key)")
        return checksums
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    static func checksum(_ numbers: some Sequence<UInt32>) -> String {
        let value = TokenizerFixture.checksum(numbers)
        let folded = (value ^ value >> 18) & 0x3FFFF
        return String([12, 6, 0].map { digits[folded >> $0 & 63] })
    }
}

/// Tokenizers of the kinds that published models have, against the `tokenizers` library.
@Suite struct KindTests {
    @Test func everyKindIsThere() throws {
        let fixture = try KindFixture.shared.get()
        #expect(KindFixture.names.count == 157)
        #expect(fixture.texts.count == 400 && fixture.rows.count == 60 && fixture.young == 30)
    }

    @Test(arguments: KindFixture.names)
    func textsHaveTheLibrarysIDs(_ name: String) throws {
        let kind = try KindCase(name)
        let checksums = try kind.checksums("ids", count: kind.numbers.count)
        let full = try #require(kind.expected["full"]?.array)
        for (index, checksum) in zip(kind.numbers, checksums) {
            let text = kind.fixture.texts[index]
            let ids = try kind.tokenizer.encode(text)
            if index == 240, let first = full.first?.array {
                #expect(ids.prefix(30).map(Int.init) == first.map(\.integer), "\(name): \(text.debugDescription)")
            }
            #expect(KindCase.checksum(ids.map { UInt32($0) }) == checksum, "\(name) \(index): \(text.debugDescription) gives \(ids)")
        }
    }

    @Test(arguments: KindFixture.names)
    func textsHaveTheLibrarysOffsets(_ name: String) throws {
        let kind = try KindCase(name)
        guard kind.expected["offsets"] != nil else { return }
        let numbers = kind.numbers.filter { $0 % 5 == 0 }
        for (index, checksum) in zip(numbers, try kind.checksums("offsets", count: numbers.count)) {
            let text = kind.fixture.texts[index]
            let tokens = try kind.tokenizer.encodeWithOffsets(text)
            #expect(try tokens.ids == kind.tokenizer.encode(text), "\(name) \(index): \(text.debugDescription)")
            let bounds = tokens.offsets.flatMap { [UInt32($0.lowerBound), UInt32($0.upperBound)] }
            #expect(
                checksum == "..." || KindCase.checksum(bounds) == checksum,
                "\(name) \(index): \(text.debugDescription) gives \(tokens.offsets)")
        }
    }

    @Test(arguments: KindFixture.names)
    func idsDecodeLikeTheLibrarys(_ name: String) throws {
        let kind = try KindCase(name)
        guard kind.expected["decoded"] != nil else { return }
        let limit = try #require(kind.expected["limit"]?.integer)
        try #require(kind.tokenizer.vocabularySize == limit - 3)
        let rows = kind.fixture.rows.enumerated().map { index, row in
            row.map { Int32($0 % (index % 2 == 1 ? limit : min(limit, 270))) }
        }
        let checksums = try kind.checksums("decoded", count: 2 * rows.count)
        for (number, checksum) in checksums.enumerated() {
            let (row, skips) = (rows[number % rows.count], number >= rows.count)
            let text = kind.tokenizer.decode(row, skipSpecialTokens: skips)
            #expect(
                checksum == "..." || KindCase.checksum(text.utf8.map { UInt32($0) }) == checksum,
                "\(name): \(row) gives \(text.debugDescription)")
            var decoder = StreamingDecoder(kind.tokenizer, skipSpecialTokens: skips)
            let streamed = row.map { decoder.append($0) }.joined() + decoder.finish()
            #expect(Array(streamed.utf8) == Array(text.utf8), "\(name): \(row) gives \(streamed.debugDescription) as a stream")
        }
    }

    /// A folder written from a tokenizer is read as the same tokenizer.
    @Test(arguments: KindFixture.names)
    func aWrittenKindIsTheSame(_ name: String) throws {
        let kind = try KindCase(name)
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try kind.tokenizer.writeHuggingFaceFiles(to: folder)
        let again = try Tokenizer(folder: folder)
        #expect(again.vocabularySize == kind.tokenizer.vocabularySize)
        for index in kind.numbers where index % 4 == 0 {
            let text = kind.fixture.texts[index]
            let ids = try kind.tokenizer.encode(text)
            #expect(try again.encode(text) == ids, "\(name) \(index): \(text.debugDescription)")
            #expect(again.decode(ids) == kind.tokenizer.decode(ids), "\(name) \(index): \(text.debugDescription)")
        }
    }
}
