import CKernels

/// A causal convolution of each channel with a kernel of its own, as LFM2's short convolutions have it (Liquid AI 2025;
/// `Lfm2ShortConv` of transformers): `y[t] = Σk kernel[k] x[t − (width − 1) + k] + bias`, where a token's predecessors are
/// those of its own sequence.
///
/// `dx[s] = Σ kernel[k] dy[t]` and `dkernel[k] = Σ dy[t] x[s]`, over all tokens `t` whose place `k` reads token `s`;
/// `dbias = Σ dy`. In a 16-bit type kernel and bias are read rounded to it, as under `torch.autocast`; sums are float32 and
/// rounded once.
///
/// - Parameters:
///   - x: `[tokens, channels]`, of any type
///   - kernel: `[channels, width]`, or `[channels, 1, width]` as PyTorch has it; the last column is multiplied with the token itself
///   - bias: `[channels]`, float32
///   - predecessors: `tokens * (width - 1)` rows of `x`, for each token in the order of the kernel's columns: the farthest
///     first, the one before the token last; -1 stands for a token that has none. Sequences may share their beginnings.
/// - Returns: the shape and type of `x`
public func causalConvolution(_ x: Tensor, kernel: Tensor, bias: Tensor? = nil, predecessors: [Int32]) -> Tensor {
    let (rows, channels, width) = (x.rows, x.width, kernel.width)
    precondition(kernel.rows == channels, "a kernel of \(kernel.shape) for \(channels) channels")
    precondition(bias.map { $0.count == channels } ?? true, "a bias of \(bias?.shape ?? []) for \(channels) channels")
    precondition(predecessors.count == rows * (width - 1), "\(width - 1) predecessors a row")
    precondition(predecessors.allSatisfy { $0 >= -1 && $0 < rows }, "predecessors are rows")
    let context = ComputeContext.current
    let taps = context.measuring(.elementwise) { transposed(kernel.converted(to: x.precision)) }
    let addend = bias.map { bias in context.measuring(.elementwise) { bias.converted(to: x.precision).converted(to: .float32) } }
    let y = Tensor(uninitialized: x.shape, x.precision)
    context.measuring(.elementwise) {
        predecessors.withUnsafeBufferPointer { predecessors in
            Parallel.rows(rows, width: channels) {
                convolution_forward(
                    Int64($0.lowerBound), Int64($0.upperBound), Int64(channels), Int64(width), predecessors.baseAddress,
                    taps.pointer, addend?.pointer, x.precision.code, x.address(), y.address())
            }
        }
    }
    let (node, kernelNode, biasNode) = (x.node, kernel.node, bias?.node)
    let kept = kernel.needsGradient ? x : nil
    y.record(inputs: [x, kernel] + (bias.map { [$0] } ?? [])) { dy in
        let dy = dy.converted(to: node.precision)
        context.measuring(.elementwise) {
            if node.needsGradient {
                node.withGradientToAdd { dx, isFresh in
                    if isFresh { dx.fill(with: 0) }
                    // Cut by channels: many may read a row, and its order of summation must not depend on threads.
                    predecessors.withUnsafeBufferPointer { predecessors in
                        Parallel.ranges(channels, grain: 64) {
                            convolution_backward(
                                Int64(rows), Int64(channels), Int64(width), Int64($0.lowerBound), Int64($0.upperBound),
                                predecessors.baseAddress, taps.pointer, dy.precision.code, dy.address(), dx.pointer)
                        }
                    }
                }
            }
            if kernelNode.needsGradient, let kept {
                let dtaps = Tensor(repeating: 0, shape: [width, channels])
                predecessors.withUnsafeBufferPointer { predecessors in
                    Parallel.ranges(channels, grain: 64) {
                        convolution_tap_gradient(
                            Int64(rows), Int64(channels), Int64(width), Int64($0.lowerBound), Int64($0.upperBound),
                            predecessors.baseAddress, dy.precision.code, kept.address(), dy.address(), dtaps.pointer)
                    }
                }
                kernelNode.accumulate(transposed(dtaps).reshaped(to: kernelNode.shape))
            }
            if let biasNode, biasNode.needsGradient { addColumnSums(dy, to: biasNode) }
        }
    }
    return y
}

/// A small matrix the other way round, in float32.
private func transposed(_ matrix: Tensor) -> Tensor {
    let (values, rows, width) = (matrix.values, matrix.rows, matrix.width)
    return Tensor((0..<values.count).map { values[$0 % rows * width + $0 / rows] }, shape: [width, rows])
}
