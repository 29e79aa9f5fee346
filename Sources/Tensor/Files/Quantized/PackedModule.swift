import Foundation

/// A linear layer, or an embedding, whose weight lies in a file as several tensors.
struct PackedModule {
    /// `model.layers.0.self_attn.q_proj`.
    let name: String
    /// The tensors by the endings of their names: `.scales`.
    let parts: [String: StoredTensor]

    func has(_ ending: String) -> Bool { parts[ending] != nil }

    /// A part.
    ///
    /// - Parameters:
    ///   - types: of which it may be
    ///   - dimensions: how many it has; `nil` for any number
    /// - Throws: ``TensorFileError/unsupported(_:)`` where it is missing, or another
    func part(_ ending: String, _ types: [ElementType], dimensions: Int? = nil) throws(TensorFileError) -> StoredTensor {
        guard let tensor = parts[ending] else { throw wrong("there is no '\(name)\(ending)' beside its other parts; is the file whole?") }
        guard types.contains(tensor.elementType), tensor.shape.count == dimensions ?? tensor.shape.count else {
            throw wrong(
                "'\(name)\(ending)' is \(tensor.elementType.rawValue) \(tensor.shape), not "
                    + types.map(\.rawValue).joined(separator: " or ") + (dimensions.map { " of \($0) dimensions" } ?? ""))
        }
        return tensor
    }

    /// A part of this shape.
    func part(_ ending: String, _ types: [ElementType], shape: [Int]) throws(TensorFileError) -> StoredTensor {
        let tensor = try part(ending, types)
        guard tensor.shape == shape else {
            throw wrong("'\(name)\(ending)' is \(tensor.shape), not \(shape) as the settings and the other parts have it")
        }
        return tensor
    }

    /// The types that scales have.
    static let floats: [ElementType] = [.float16, .bfloat16, .float32]

    /// Writes some rows of a weight to where the first of them belongs, from the start of the packed bytes. Several threads
    /// call it.
    typealias Fill = (_ packed: UnsafePointer<UInt8>, _ rows: Range<Int>, _ target: UnsafeMutableRawPointer) -> Void

    /// The weight, made each time that somebody asks for its values.
    ///
    /// - Parameters:
    ///   - shape: `[out, in]`
    ///   - type: float32, float16 or bfloat16
    ///   - packed: the part that is unpacked, as bytes one after the other
    ///   - prepare: reads scales, and gives what unpacks
    func weight(
        _ shape: [Int], _ type: ElementType, from packed: StoredTensor, _ prepare: @escaping @Sendable () -> Fill
    ) throws(TensorFileError) -> StoredTensor {
        guard shape.count == 2, shape.allSatisfy({ $0 > 0 }), let precision = type.precision else {
            throw wrong("it would be \(type.rawValue) of the shape \(shape)")
        }
        let rowBytes = shape[1].multipliedReportingOverflow(by: precision.size)
        let size = shape[0].multipliedReportingOverflow(by: rowBytes.partialValue)
        guard !rowBytes.overflow, !size.overflow else { throw wrong("it would be \(type.rawValue) of the shape \(shape)") }
        let count = size.partialValue
        let storage = StoredTensor.SharedBytes(count: count) {
            var bytes = Foundation.Data(count: count)
            let (fill, source) = (prepare(), packed.contiguousBytes)
            source.withUnsafeBytes { from in
                bytes.withUnsafeMutableBytes { to in
                    guard let from = from.bindMemory(to: UInt8.self).baseAddress, let to = to.baseAddress else { return }
                    Parallel.ranges(shape[0], grain: max(16, 32768 / shape[1])) {
                        fill(from, $0, to + $0.lowerBound * rowBytes.partialValue)
                    }
                }
            }
            MappedPages.release(source)
            return bytes
        }
        return try StoredTensor(
            shape: shape, elementType: type, storage: storage, offset: 0, strides: StoredTensor.contiguousStrides(shape))
    }

    func wrong(_ reason: String) -> TensorFileError { .unsupported("the packed weight of '\(name)': \(reason)") }
}

extension StoredTensor {
    /// The values of a part whose type was found to hold numbers.
    var scales: [Float] {
        guard let values = try? floats() else { preconditionFailure("\(elementType) holds no numbers") }
        return values
    }
}
