import RealModule

/// Welch's t-test of the means of two series.
struct WelchTest: Sendable {
  /// Mean of the second series minus that of the first.
  let difference: Double
  /// Standard error of the difference.
  let error: Double
  /// Probability of a difference at least as large between two recordings of the same workload.
  let probability: Double

  /// Variance of the mean between whole runs, as a share of a series' variance. The values of one
  /// run share its memory placement, the processor's frequency and the other load on the machine.
  /// Means therefore vary more between runs than the values of one run suggest.
  private static let runShare = 0.1

  /// - Returns: nil if a series has fewer than four values.
  init?(_ first: QuantityValues, _ second: QuantityValues) {
    guard let left = Series(first), let right = Series(second) else { return nil }
    difference = right.mean - left.mean
    let variance = left.errorVariance + right.errorVariance
    error = variance.squareRoot()
    guard variance > 0 else {
      probability = difference == 0 ? 1 : 0
      return
    }
    // The Welch–Satterthwaite equation.
    let freedom =
      variance * variance
      / (left.errorVariance * left.errorVariance / (left.count - 1)
        + right.errorVariance * right.errorVariance / (right.count - 1))
    probability = StudentDistribution(freedom: freedom).tails(beyond: abs(difference) / error)
  }

  private struct Series {
    let mean: Double
    let count: Double
    /// Estimated variance of the mean between runs of this workload.
    let errorVariance: Double

    init?(_ quantity: QuantityValues) {
      let values = quantity.values
      guard values.count >= 4 else { return nil }
      count = Double(values.count)
      let mean = values.reduce(0, +) / count
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      self.mean = mean
      errorVariance =
        max(squares / (count - 1), quantity.noise) * (1 / count + WelchTest.runShare)
        + quantity.drift * quantity.drift
    }
  }
}

/// Student's t distribution.
struct StudentDistribution {
  let freedom: Double

  /// Probability of a value whose magnitude is at least `value`.
  func tails(beyond value: Double) -> Double {
    guard value.isFinite else { return 0 }
    return Self.incompleteBeta(
      freedom / 2, 0.5, at: freedom / (freedom + value * value))
  }

  /// The regularised incomplete beta function: its continued fraction (Abramowitz and Stegun
  /// 26.5.8), evaluated by Lentz's algorithm.
  private static func incompleteBeta(_ a: Double, _ b: Double, at x: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    // The fraction converges fast only up to this x. Beyond it, the function's symmetry is used.
    guard x <= (a + 1) / (a + b + 2) else { return 1 - incompleteBeta(b, a, at: 1 - x) }
    let front = Double.exp(
      .logGamma(a + b) - .logGamma(a) - .logGamma(b) + a * .log(x) + b * .log(1 - x))
    let tiny = 1e-300
    var (c, d) = (1.0, 1 - (a + b) * x / (a + 1))
    if abs(d) < tiny { d = tiny }
    d = 1 / d
    var fraction = d
    for step in 1...300 {
      let m = Double(step)
      for numerator in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 + numerator * d
        if abs(d) < tiny { d = tiny }
        c = 1 + numerator / c
        if abs(c) < tiny { c = tiny }
        d = 1 / d
        fraction *= c * d
      }
      if abs(c * d - 1) < 1e-12 { break }
    }
    return front * fraction / a
  }
}
