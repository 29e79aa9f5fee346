import Foundation

/// How many directions a matrix works in: `exp(-Σ p log p)` with `p = σ / Σσ`, the exponential of the entropy of its
/// singular values (Roy & Vetterli 2007, "The effective rank: a measure of effective dimensionality").
///
/// - Parameter singularValues: none below 0
/// - Returns: from 1, where one direction is all, to the number of values, where all are alike; 0 where all are 0
public func effectiveRank(of singularValues: [Double]) -> Double {
    let sum = singularValues.reduce(0, +)
    guard sum != 0 else { return 0 }
    return exp(singularValues.reduce(0) { entropy, value in value == 0 ? entropy : entropy - value / sum * log(value / sum) })
}
