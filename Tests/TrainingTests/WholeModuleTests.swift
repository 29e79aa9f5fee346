import Data
import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing
import Training

/// What PEFT trains beside linear layers: the embedding, the output projection, modules that are trained whole, rows of tokens.
@Suite("Embedding, output and whole modules, as PEFT trains them")
struct WholeModuleTests {
    /// A case of `Fixtures/whole/make_fixtures.py`.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let losses: [Double]
        let after: Double
        let trained: Int
        let rate: Double
        let rows: [[Int32]]

        var testDescription: String { name }
        var base: String { Paths.fixture("TrainingTests", "whole/" + (name.hasPrefix("tied") ? "tied" : "untied")) }
        func adapter(_ part: String) -> String { Paths.fixture("TrainingTests", "whole/\(name)/\(part)") }
    }

    static let cases: [Case] = {
        let path = Paths.fixture("TrainingTests", "whole/expected.json")
        guard let text = try? Foundation.Data(contentsOf: URL(fileURLWithPath: path)), let json = try? JSON(parsing: text) else {
            return []
        }
        return (json["cases"]?.object ?? [:]).map { name, value in
            let rows = json["rows"]?["\(value["size"]?.integer ?? 0)"]?.array ?? []
            return Case(
                name: name, losses: value["losses"]?.array?.compactMap(\.number) ?? [], after: value["after"]?.number ?? .nan,
                trained: value["trained"]?.array?.count ?? 0, rate: json["rate"]?.number ?? .nan,
                rows: rows.map { ($0.array ?? []).compactMap { $0.integer.map { Int32($0) } } })
        }
    }()

    private static func batch(_ rows: [[Int32]]) -> Batch {
        TinyModel.batch(rows.map { TinyModel.sample($0, from: 2) }, sharesPrefixes: false)
    }

    private static func model(_ path: String) throws -> LanguageModel { try LanguageModel(contentsOf: path) }

    @Test("There are cases, tied and untied")
    func count() {
        #expect(Self.cases.count == 30)
        #expect(Self.cases.filter { $0.name.hasPrefix("tied") }.count == 15)
    }

    @Test("Three steps", arguments: cases)
    func steps(_ test: Case) throws {
        let model = try Self.model(test.base)
        let adapter = try LoRAAdapter(on: model, AdapterFile.read(test.adapter("start"), for: model.configuration))
        let parameters = adapter.parameters
        // PEFT has two names for two tied parameters.
        #expect(parameters.count == test.trained)
        var configuration = TrainerConfiguration()
        configuration.precision = .float32
        let trainer = Trainer(
            NextTokenLoss(model), parameters: parameters, optimizer: AdamW(parameters.map(\.tensor)),
            schedule: ConstantSchedule(baseRate: test.rate), configuration: configuration)
        var losses: [Double] = []
        var batches = (0..<3).map { _ in Self.batch(test.rows) }
        try trainer.runEpoch(stepsPerEpoch: 3, nextBatch: { batches.popLast() }) { losses.append(Double($0.loss ?? .nan)) }
        for (ours, theirs) in zip(losses, test.losses) {
            #expect(abs(ours - theirs) < 1e-5 * theirs, "\(losses), not \(test.losses)")
        }
        #expect(losses.count == 3)
        let after = try ComputeContext.withoutGradient { try loss(of: model, test) }
        #expect(abs(after - test.after) < 1e-5 * test.after)

        let end = try AdapterFile.read(test.adapter("end"), for: Self.model(test.base).configuration)
        let state = adapter.state
        #expect(state.modules.map(\.place) == end.modules.map(\.place))
        for (ours, theirs) in zip(state.modules, end.modules) {
            try Self.expectEqual(ours.a, theirs.a, "A of \(ours.place)")
            try Self.expectEqual(ours.b, theirs.b, "B of \(ours.place)")
            #expect(ours.scale == theirs.scale)
        }
        #expect(state.rows.map(\.place) == end.rows.map(\.place) && state.rows.map(\.tokens) == end.rows.map(\.tokens))
        for (ours, theirs) in zip(state.rows, end.rows) { try Self.expectEqual(ours.values, theirs.values, "rows of \(ours.place)") }
        for theirs in end.parameters where theirs.isTrained {
            let ours = try #require(state.parameters.first { $0.place == theirs.place })
            try Self.expectEqual(ours.values, theirs.values, "\(ours.place)")
        }
        #expect(state.parameters.filter(\.isTrained).count == end.parameters.filter(\.isTrained).count)
    }

    private func loss(of model: LanguageModel, _ test: Case) throws -> Double {
        let batch = Self.batch(test.rows)
        return Double(try NextTokenLoss(model).loss(of: batch, scale: 1).value)
    }

    private static func expectEqual(_ ours: StoredTensor, _ theirs: StoredTensor, _ what: String) throws {
        let (one, other) = (try ours.floats(), try theirs.floats())
        #expect(ours.shape == theirs.shape, "\(what)")
        let difference = zip(one, other).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let size = other.reduce(0.0) { $0 + Double($1 * $1) }
        #expect((difference / size).squareRoot() < 1e-5, "\(what): \((difference / size).squareRoot())")
    }

    @Test("Written, merged, switched off and taken off", arguments: cases)
    func roundTrips(_ test: Case) throws {
        let folder = try Paths.temporaryFolder()
        let (model, bare) = (try Self.model(test.base), try Self.model(test.base))
        let known = test.rows.map { row in row.map { min($0, Int32(bare.configuration.vocabularySize) - 1) } }
        func differs(_ one: LanguageModel, _ other: LanguageModel, _ rows: [[Int32]]) throws -> Double {
            try ModelComparison(one, other, rows: rows).relativeError
        }
        let adapter = try LoRAAdapter(on: model, AdapterFile.read(test.adapter("end"), for: model.configuration))
        // Otherwise an adapter that does nothing would do.
        if !model.configuration.hasMoreTokens(than: bare.configuration) { #expect(try differs(model, bare, known) > 1e-3) }

        for (name, format) in [("a.pth", AdapterFormat.minimind), ("peft", .peft)] {
            try adapter.write(to: "\(folder)/\(name)", as: format)
            let other = try Self.model(test.base)
            let read = try AdapterFile.read("\(folder)/\(name)", for: other.configuration)
            #expect(read.parameters.map(\.isTrained) == adapter.state.parameters.map(\.isTrained))
            _ = try LoRAAdapter(on: other, read)
            // MiniMind's file has no place for a scale of 1.5, which B takes in.
            #expect(try differs(model, other, test.rows) <= (format == .minimind ? 1e-6 : 0), "\(format)")
            #expect(try AdapterFile.inspect("\(folder)/\(name)").modules.count == adapter.state.modules.count)
            #expect(try AdapterFile.readAlone("\(folder)/\(name)").state.modules.map(\.place) == read.modules.map(\.place))
        }

        adapter.merge()
        let other = try Self.model(test.base)
        _ = try LoRAAdapter(on: other, AdapterFile.read(test.adapter("end"), for: other.configuration))
        #expect(try differs(model, other, test.rows) < 1e-5)
        let isUntied = !["tokens", "tokens-both", "larger", "larger-tokens", "save-tying", "save-others"].contains {
            "tied-" + $0 == test.name
        }
        #expect(model.configuration.tiesEmbedding == !isUntied, "\(test.name)")
        // What is written is the merged model, also where the base was tied.
        try model.writeHuggingFaceFolder(to: folder + "/merged", as: .float32, tokens: SpecialTokens(), tokenizerFolder: nil)
        #expect(try differs(Self.model(folder + "/merged"), other, test.rows) < 1e-5)
        try model.saved(as: .float32, tokens: SpecialTokens()).write(to: folder + "/merged.pth")
        #expect(try differs(Self.model(folder + "/merged.pth"), other, test.rows) < 1e-5)
        try model.writeGGUF(to: folder + "/merged.gguf", as: .float32, name: "merged", tokenizer: [])
        #expect(try differs(Self.model(folder + "/merged.gguf"), other, test.rows) < 1e-5)

        #expect(try adapter.switchedOff { try differs(model, bare, known) } == 0)
        #expect(try differs(model, other, test.rows) < 1e-5)
        adapter.unmerge()
        #expect(try differs(model, other, test.rows) == 0)
        #expect(try adapter.switchedOff { try differs(model, bare, known) } == 0)
        #expect(try differs(model, other, test.rows) == 0)
        adapter.detach()
        #expect(try differs(model, bare, known) == 0)
    }
}

extension ModelConfiguration {
    fileprivate func hasMoreTokens(than other: ModelConfiguration) -> Bool { vocabularySize > other.vocabularySize }
}
