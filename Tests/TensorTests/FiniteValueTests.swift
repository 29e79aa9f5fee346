import TestSupport
import Testing

@testable import Tensor

@Suite("Values that are not finite")
struct FiniteValueTests {
    /// Of several parts, so that more than one thread looks.
    private static let shape = [700, 101]
    private static let floatTypes: [ElementType] = [.float64, .float32, .float16, .bfloat16]

    private func values(_ changes: [Int: Float]) -> [Float] {
        var values = (0..<Self.shape[0] * Self.shape[1]).map { Float($0 % 17) - 8 }
        for (place, value) in changes { values[place] = value }
        return values
    }

    private func error(_ stored: StoredTensor, _ precision: Precision = .float32) -> TensorFileError? {
        do throws(TensorFileError) {
            _ = try Tensor(finite: stored, precision: precision)
            return nil
        } catch {
            return error
        }
    }

    @Test("The first of them is named, in any type that is stored and in any that it is read as", arguments: floatTypes)
    func first(_ type: ElementType) throws {
        for precision in Precision.allCases {
            for value in [Float.infinity, -.infinity] {
                let stored = StoredTensor(shape: Self.shape, floats: values([69_000: value, 70_000: .nan]), as: type)
                let expected = TensorFileError.notFinite(value: Double(value), index: [683, 17])
                #expect(error(stored, precision) == expected)
                #expect(stored.firstNotFinite == expected)
            }
            let sound = StoredTensor(shape: Self.shape, floats: values([3: -0.0, 4: 60000]), as: type)
            #expect(error(sound, precision) == nil && sound.firstNotFinite == nil)
            #expect(try Tensor(finite: sound, precision: precision).values == Tensor(sound, precision: precision).values)
        }
        let last = StoredTensor(shape: Self.shape, floats: values([70_699: .nan]), as: type)
        #expect("\(try #require(error(last)))".hasPrefix("its value at [699, 100] is nan, which is not finite; "))
    }

    @Test("A transposed tensor is counted as it is read")
    func transposed() throws {
        let stored = StoredTensor(shape: Self.shape, floats: values([5 * 101 + 7: .infinity]))
        let turned = try #require(stored.transposed)
        #expect(error(turned) == .notFinite(value: .infinity, index: [7, 5]))
        #expect(turned.firstNotFinite == error(turned))
    }

    @Test("What a narrower type has no finite value for is said to be beyond it")
    func range() throws {
        let large = StoredTensor(shape: Self.shape, floats: values([300: -1e5]))
        #expect(error(large, .float16) == .beyondRange(value: -1e5, index: [2, 98], of: .float16))
        #expect(error(large, .bfloat16) == nil && large.firstNotFinite == nil)
        let larger = StoredTensor(shape: Self.shape, floats: values([300: .greatestFiniteMagnitude]))
        #expect(
            error(larger, .bfloat16) == .beyondRange(value: Double(Float.greatestFiniteMagnitude), index: [2, 98], of: .bfloat16))
        #expect(error(larger) == nil)
        // A half is rounded to the even neighbour, which is infinity here and not one value below.
        #expect(error(StoredTensor(shape: [1], floats: [65520]), .float16) != nil)
        #expect(error(StoredTensor(shape: [1], floats: [Float(65520).nextDown]), .float16) == nil)
    }

    @Test("A type's limit is the first value that it rounds to infinity", arguments: [ElementType.float16, .bfloat16, .float32])
    func limits(_ type: ElementType) throws {
        func rounded(_ value: Float) throws -> Float { try StoredTensor(shape: [1], floats: [value], as: type).floats()[0] }
        #expect(try rounded(type.overflow) == .infinity && rounded(type.overflow.nextDown).isFinite)
    }

    @Test("Blocks of a scale that is not finite, and of values that no scale reaches")
    func blocks() throws {
        func written(_ value: Float) throws -> StoredTensor {
            let tensor = Tensor((0..<4 * 320).map { $0 == 700 ? value : Float($0 % 5) }, shape: [4, 320])
            let path = try Paths.temporaryFolder() + "/a.gguf"
            var writer = GGUFWriter(metadata: [:])
            writer.add("a", tensor, as: .q8_0)
            try writer.write(to: path)
            return try #require(GGUFFile.read(path).tensors["a"])
        }
        #expect(try written(.nan).firstNotFinite != nil)
        let overflown = try #require(error(written(ElementType.q8_0.overflow), .bfloat16))
        guard case .notFinite(_, let index) = overflown else {
            Issue.record("\(overflown)")
            return
        }
        #expect(index.count == 2 && index[0] == 2 && 32..<64 ~= index[1])
        #expect(try error(written(ElementType.q8_0.overflow.nextDown)) == nil)
    }

    @Test("Integers are finite, and complex numbers are not looked at")
    func others() {
        #expect(StoredTensor(shape: [2], integers: [.max, .min]).firstNotFinite == nil)
        #expect(Tensor([1, .nan], shape: [2]).isFinite == false && Tensor([1, 2], shape: [2], precision: .bfloat16).isFinite)
    }
}
