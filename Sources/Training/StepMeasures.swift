/// What is reported of a micro-batch, as numbers that add up over processes.
struct StepMeasures {
    /// The sum of losses, each times its weight; likewise the auxiliary ones.
    var loss: Float = 0
    var auxiliary: Float = 0
    /// The weights together: 1 for each process's mean, or its counted tokens.
    var weight: Float = 0
    var samples = 0
    var tokens = 0
    var computedTokens = 0
    var countedTokens = 0
    /// How many tokens went to each expert, layer by layer.
    var expertUses: [[Int]] = []

    /// The mean loss; `nil` where nothing counted.
    var meanLoss: Float? { weight > 0 ? loss / weight : nil }
    var meanAuxiliary: Float { weight > 0 ? auxiliary / weight : 0 }

    /// How many numbers there are where a model has so many layers of so many experts.
    static func width(layers: Int, experts: Int) -> Int { 7 + layers * experts }

    /// - Parameter target: as many places as ``width(layers:experts:)`` says
    func write(to target: Slice<UnsafeMutableBufferPointer<Float>>) {
        var target = target
        let numbers = [loss, auxiliary, weight, Float(samples), Float(tokens), Float(computedTokens), Float(countedTokens)]
        target.update(repeating: 0)
        for (place, number) in zip(target.indices, numbers + expertUses.joined().map(Float.init)) { target[place] = number }
    }

    init() {}

    init(_ source: Slice<UnsafeMutableBufferPointer<Float>>, layers: Int, experts: Int) {
        let numbers = Array(source)
        (loss, auxiliary, weight) = (numbers[0], numbers[1], numbers[2])
        (samples, tokens) = (Int(numbers[3]), Int(numbers[4]))
        (computedTokens, countedTokens) = (Int(numbers[5]), Int(numbers[6]))
        guard experts > 0 else { return }
        let uses = numbers.dropFirst(7).map { Int($0) }
        expertUses = (0..<layers).map { Array(uses[$0 * experts..<($0 + 1) * experts]) }
    }
}
