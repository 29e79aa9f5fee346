import TestSupport
import Testing

@testable import Tensor

@Suite("Causal convolutions against float64")
struct ConvolutionTests {
    /// Of each row the one before it: a sequence, two branches behind its second row, one of which branches again, and a
    /// sequence of one row.
    private static let parents = [-1, 0, 1, 2, 1, 4, 1, 6, 7, 6, -1]

    /// The rows before each row, the farthest first.
    private static func predecessors(_ parents: [Int], width: Int) -> [Int32] {
        parents.indices.flatMap { row in
            var (before, last) = ([Int32](), row)
            for _ in 1..<max(width, 1) {
                last = last < 0 ? -1 : parents[last]
                before.append(Int32(last))
            }
            return before.reversed()
        }
    }

    private static func reference(_ x: [Double], _ kernel: [Double], parents: [Int], width: Int) -> [Double] {
        let channels = x.count / parents.count
        return (0..<x.count).map { place in
            var (row, sum) = (place / channels, 0.0)
            for k in (0..<width).reversed() where row >= 0 {
                sum += kernel[place % channels * width + k] * x[row * channels + place % channels]
                row = parents[row]
            }
            return sum
        }
    }

    @Test(arguments: [1, 2, 3, 4], [1, 5])
    func gradients(_ width: Int, _ channels: Int) {
        let parents = Self.parents
        let predecessors = Self.predecessors(parents, width: width)
        checkGradients([[parents.count, channels], [channels, width]]) {
            causalConvolution($0[0], kernel: $0[1], predecessors: predecessors)
        } reference: {
            Self.reference($0[0], $0[1], parents: parents, width: width)
        }
        checkGradients([[parents.count, channels], [channels, width], [channels]]) {
            causalConvolution($0[0], kernel: $0[1], bias: $0[2], predecessors: predecessors)
        } reference: { inputs in
            Self.reference(inputs[0], inputs[1], parents: parents, width: width).enumerated().map { $1 + inputs[2][$0 % channels] }
        }
    }

    /// By torch 2.13, with tokens as columns: `F.conv1d(x[None], kernel[:, None], groups=2, padding=2)[0, :, :5]`, and its
    /// backward pass from `dy`. All values are exact.
    @Test("PyTorch's convolution of one sequence")
    func golden() {
        let x = Tensor([1, -2, 0.5, 3, 2, 1, -1, 0.25, 3, -0.5], shape: [5, 2])
        let kernel = Tensor([0.5, -1, 2, 1, 0.25, -0.5], shape: [2, 3])
        (x.isTrainable, kernel.isTrainable) = (true, true)
        let y = causalConvolution(x, kernel: kernel, predecessors: Self.predecessors([-1, 0, 1, 2, 3], width: 3))
        y.backward(from: [1, 2, -1, 0.5, 0.25, 1, 2, -1, 1, 3])
        #expect(y.values == [2, 1, 0, -2, 4, -1.75, -3.75, 3.125, 8, 1.3125])
        #expect(x.gradient?.values == [3.125, 0.125, -1.25, -1, -1, 2.25, 3, 1.25, 2, -1.5])
        #expect(kernel.gradient?.values == [3.25, 2.125, 2, -2, 1.75, -3.25])
    }

    /// The same with `bias` as the third argument of `F.conv1d`. All values are exact.
    @Test("PyTorch's convolution with a bias, which alone may be trained")
    func goldenBias() {
        let x = Tensor([1, -2, 0.5, 3, 2, 1, -1, 0.25, 3, -0.5], shape: [5, 2])
        let (kernel, bias) = (Tensor([0.5, -1, 2, 1, 0.25, -0.5], shape: [2, 3]), Tensor([0.75, -1.5], shape: [2]))
        bias.isTrainable = true
        let y = causalConvolution(x, kernel: kernel, bias: bias, predecessors: Self.predecessors([-1, 0, 1, 2, 3], width: 3))
        y.backward(from: [1, 2, -1, 0.5, 0.25, 1, 2, -1, 1, 3])
        #expect(y.values == [2.75, -0.5, 0.75, -3.5, 4.75, -3.25, -3, 1.625, 8.75, -0.1875])
        #expect(bias.gradient?.values == [3.25, 5.5] && x.gradient == nil && kernel.gradient == nil)
    }

    @Test("Channels do not know of each other, nor sequences", arguments: Precision.allCases)
    func independence(_ precision: Precision) {
        let (parents, channels, width) = (Self.parents, 1100, 3)
        let predecessors = Self.predecessors(parents, width: width)
        let (x, kernel) = (randomParameter([parents.count, channels], seed: 1, precision), randomParameter([channels, width], seed: 2))
        let dy = randomParameter([parents.count, channels], seed: 3, precision).values
        let y = causalConvolution(x, kernel: kernel, predecessors: predecessors)
        y.backward(from: dy)
        let (values, weights) = (x.values, kernel.values)
        let (results, dx, dkernel) = (y.values, x.gradient?.values ?? [], kernel.gradient?.values ?? [])
        for channel in [0, 1, 63, 64, 511, 512, 1023, 1024, 1099] {
            func column(_ matrix: [Float]) -> [Float] { parents.indices.map { matrix[$0 * channels + channel] } }
            let alone = Tensor(column(values), shape: [parents.count, 1], precision: precision)
            let own = Tensor(Array(weights[channel * width..<(channel + 1) * width]), shape: [1, width])
            (alone.isTrainable, own.isTrainable) = (true, true)
            let result = causalConvolution(alone, kernel: own, predecessors: predecessors)
            result.backward(from: column(dy))
            // Vectors may multiply and add at once where a value alone does not.
            let tolerance = precision == .float32 ? 1e-6 : precision == .bfloat16 ? 0x1p-8 : 0x1p-11
            #expect(distance(column(results), result.values.map(Double.init)) <= tolerance)
            #expect(distance(column(dx), (alone.gradient?.values ?? []).map(Double.init)) < 1e-6)
            #expect(distance(Array(dkernel[channel * width..<(channel + 1) * width]), (own.gradient?.values ?? []).map(Double.init)) < 1e-6)
        }
        // The first branch as a sequence of its own: its rows 4 and 5 behind 0 and 1.
        let rows = [0, 1, 4, 5]
        let sequence = Tensor(rows.flatMap { values[$0 * channels..<($0 + 1) * channels] }, shape: [4, channels], precision: precision)
        let expected = causalConvolution(
            sequence, kernel: kernel, predecessors: Self.predecessors([-1, 0, 1, 2], width: width))
        #expect(expected.values == rows.flatMap { results[$0 * channels..<($0 + 1) * channels] })
    }

    @Test("In 16 bits the kernel is rounded, and the sum once", arguments: [Precision.bfloat16, .float16])
    func sixteenBits(_ precision: Precision) {
        let (parents, width, channels) = (Self.parents, 3, 300)
        let (x, kernel) = (randomParameter([parents.count, channels], seed: 1, precision), randomParameter([channels, width], seed: 2))
        let dy = randomParameter([parents.count, channels], seed: 3, precision).values
        let y = causalConvolution(x, kernel: kernel, predecessors: Self.predecessors(parents, width: width))
        y.backward(from: dy)
        let (values, taps) = (x.values.map(Double.init), kernel.values.map { Double(precision.rounded($0)) })
        let exact = Self.reference(values, taps, parents: parents, width: width)
        #expect(y.precision == precision)
        // A sixteenth of half a unit in the last place, as for all operations that round.
        let bound = precision == .bfloat16 ? 0x1p-12 : 0x1p-15
        #expect(relativeError(y.values, exact.map { precision.rounded(Float($0)) }) < bound)
        var (dx, dkernel) = ([Double](repeating: 0, count: values.count), [Double](repeating: 0, count: taps.count))
        for place in values.indices {
            let channel = place % channels
            var row = place / channels
            for k in (0..<width).reversed() where row >= 0 {
                dx[row * channels + channel] += taps[channel * width + k] * Double(dy[place])
                dkernel[channel * width + k] += values[row * channels + channel] * Double(dy[place])
                row = parents[row]
            }
        }
        #expect(distance(x.gradient?.values ?? [], dx) < 1e-5)
        #expect(distance(kernel.gradient?.values ?? [], dkernel) < 1e-5)
        // A bias is rounded too, and is in the sum before that is.
        let bias = randomParameter([channels], seed: 4)
        let biased = causalConvolution(x, kernel: kernel, bias: bias, predecessors: Self.predecessors(parents, width: width))
        let rounded = bias.values.map { Double(precision.rounded($0)) }
        let sums = exact.indices.map { Float(exact[$0] + rounded[$0 % channels]) }
        #expect(relativeError(biased.values, sums.map(precision.rounded)) < bound)
    }
}
