import Testing

@testable import Tensor

/// What `eager_attention_forward` of transformers' Gemma 2 makes of two heads of queries and one of keys, of width 2, with
/// a scale of 0.8 and a cap of 1.25, in float64, and what PyTorch says of the gradients of `(y * dy).sum()`:
///
/// ```python
/// def values(n, a, b): return (torch.arange(n, dtype=torch.float64) * a % b - b // 2) / 4
/// q, k, v, dy = values(24, 7, 11), values(12, 5, 13), values(12, 3, 7), values(24, 4, 9)
/// y, _ = eager_attention_forward(module, q, k, v, mask, scaling=0.8, softcap=1.25)
/// ```
///
/// The softmax, which is written for float32 there, was made to compute in float64; the mask is minus infinity where
/// `causal_mask_function` and, with a window, `sliding_window_overlay` say that a key is not seen.
@Suite("Attention as transformers computes it")
struct AttentionGoldenTests {
    struct Golden: CustomTestStringConvertible {
        let testDescription: String
        let window: Int?
        let y: [Double]
        let gradients: [[Double]]
    }

    private static let all = Golden(
        testDescription: "causal", window: nil,
        y: [
            -0.75, 0.0, -0.75, 0.0, 0.302551, -0.175425, 0.505581, -0.209264, -0.119513, -0.224516, 0.107526, -0.167946, 0.39045, -0.3299,
            0.477811, -0.394457, 0.066115, -0.163114, 0.181379, -0.073496, 0.181534, 0.005989, -0.06982, -0.020785,
        ],
        gradients: [
            [
                0.0, 0.0, 0.0, 0.0, 0.452019, -0.090939, 0.138096, -0.058245, 0.155714, 0.172265, -0.093143, 0.001078, -0.0848, -0.05446,
                -0.035264, -0.016244, -0.170475, -0.111254, -0.409809, 0.061393, 0.067484, 0.051956, 0.087918, 0.167852,
            ],
            [
                -0.016243, -0.089205, 0.155962, 0.017604, -0.152641, 0.078394, -0.072681, 0.014212, -0.000365, -0.003665, -0.062558,
                0.020577,
            ],
            [
                0.249004, -0.570955, 0.533436, -0.038862, -0.151805, -0.066615, -0.152828, 0.125296, -0.078621, -0.099703, 0.350815,
                -0.099161,
            ],
        ])

    private static let windowed = Golden(
        testDescription: "a window of 3", window: 3,
        y: [
            -0.75, 0.0, -0.75, 0.0, 0.302551, -0.175425, 0.505581, -0.209264, -0.119513, -0.224516, 0.107526, -0.167946, 0.607356,
            -0.392644, 0.574485, -0.425515, 0.265438, -0.205755, 0.173028, 0.062761, -0.113813, 0.294105, 0.084528, 0.120321,
        ],
        gradients: [
            [
                0.0, 0.0, 0.0, 0.0, 0.452019, -0.090939, 0.138096, -0.058245, 0.155714, 0.172265, -0.093143, 0.001078, 0.033956, -0.052001,
                0.0, 0.0, -0.093503, -0.073156, -0.086643, -0.045861, -0.118658, 0.109936, 0.011935, 0.098526,
            ],
            [
                -0.025927, 0.035004, 0.117563, -0.086974, -0.077619, 0.074998, -0.087043, 0.046035, 0.026379, -0.028186, -0.036585,
                0.011608,
            ],
            [
                0.433054, -0.61877, 0.580167, 0.136674, -0.608616, 0.099902, -0.16799, 0.053723, -0.189847, -0.223842, 0.703233,
                -0.197686,
            ],
        ])

    @Test(arguments: [all, windowed])
    func values(_ golden: Golden) {
        func values(_ n: Int, _ a: Int, _ b: Int) -> [Float] { (0..<n).map { Float($0 * a % b - b / 2) / 4 } }
        let q = Tensor(values(24, 7, 11), shape: [6, 4])
        let (k, v) = (Tensor(values(12, 5, 13), shape: [6, 2]), Tensor(values(12, 3, 7), shape: [6, 2]))
        for input in [q, k, v] { input.isTrainable = true }
        let plan = AttentionPlan([AttentionSegment(queries: 0..<6, keys: 0..<6)], heads: 2, keyValueHeads: 1, window: golden.window)
        let y = attention(q: q, k: k, v: v, plan: plan, scale: 0.8, softCap: 1.25)
        y.backward(from: values(24, 4, 9))
        #expect(distance(y.values, golden.y) < 1e-5)
        for (input, expected) in zip([q, k, v], golden.gradients) {
            #expect(distance(input.gradient?.values ?? [], expected) < 1e-5)
        }
    }
}
