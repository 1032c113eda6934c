import Glibc
import UringBase
import UringTrace

/// The distribution of an operation's latencies, as SVG.
struct LatencyPlot {
  /// A logarithmic axis over whole powers of ten.
  struct Axis {
    /// Exponents of ten of the bounds in nanoseconds.
    let low: Int
    let high: Int

    /// The axis with room for all latencies.
    init(_ latencies: [OpcodeLatency]) {
      let bounds = latencies.flatMap { latency in latency.buckets.map(\.upperBound) }
      low = Int(log10(Double(max(bounds.min() ?? 1, 1)) * Self.narrow).rounded(.down))
      high = max(low + 1, Int(log10(Double(max(bounds.max() ?? 1, 1))).rounded(.up)))
    }

    /// Lower bound of a bucket divided by its upper bound. About eight buckets cover each doubling.
    static let narrow = 0.917

    /// The position on the axis, from 0 to 1.
    func position(of nanoseconds: Double) -> Double {
      let exponent = log10(max(nanoseconds, 1))
      return min(max((exponent - Double(low)) / Double(high - low), 0), 1)
    }
  }

  let latency: OpcodeLatency
  let axis: Axis

  private static let (width, height) = (440.0, 130.0)
  private static let margin = 12.0

  private func x(_ nanoseconds: Double) -> Double {
    Self.margin + axis.position(of: nanoseconds) * (Self.width - 2 * Self.margin)
  }

  func write(to page: inout HTMLWriter) {
    let bottom = Self.height - 18
    let most = latency.buckets.map(\.count).max() ?? 1
    page.element(
      "svg",
      [
        ("viewBox", "0 0 \(Int(Self.width)) \(Int(Self.height))"), ("role", "img"),
        ("aria-label", "Latencies of \(latency.opcode.name): the figures follow"),
      ]
    ) { svg in
      writeAxis(bottom: bottom, &svg)
      for bucket in latency.buckets {
        let upper = Double(bucket.upperBound)
        let (from, to) = (x(upper * Axis.narrow), x(upper))
        // The minimum keeps the bar of one request among many visible.
        let height = max(Double(bucket.count) / Double(most) * (bottom - 16), 1.5)
        svg.shape(
          "rect",
          [
            ("class", "bar"), ("x", from.svg), ("y", (bottom - height).svg),
            ("width", max(to - from - 0.5, 1).svg), ("height", height.svg),
          ])
      }
      let (p50, p99) = (Double(latency.summary.p50), Double(latency.summary.p99))
      // Labels that would overlap are joined.
      if x(p99) - x(p50) < 28 {
        writeMark("", at: p50, bottom: bottom, &svg)
        writeMark("p50, p99", at: p99, bottom: bottom, &svg)
      } else {
        writeMark("p50", at: p50, bottom: bottom, &svg)
        writeMark("p99", at: p99, bottom: bottom, &svg)
      }
    }
  }

  private func writeAxis(bottom: Double, _ svg: inout HTMLWriter) {
    // At most eight labels.
    let step = max(1, (axis.high - axis.low + 7) / 8)
    for exponent in stride(from: axis.low, through: axis.high, by: step) {
      let time = pow(10, Double(exponent))
      let x = self.x(time)
      svg.shape(
        "line",
        [("class", "axis"), ("x1", x.svg), ("x2", x.svg), ("y1", "12"), ("y2", bottom.svg)])
      let anchor = exponent == axis.low ? "start" : exponent == axis.high ? "end" : "middle"
      svg.leaf(
        "text",
        [
          ("class", "label"), ("x", x.svg), ("y", (Self.height - 4).svg), ("text-anchor", anchor),
        ], Figures.duration(UInt64(nearest: time)))
    }
  }

  private func writeMark(
    _ name: String, at value: Double, bottom: Double, _ svg: inout HTMLWriter
  ) {
    let x = self.x(value)
    svg.shape(
      "line", [("class", "mark"), ("x1", x.svg), ("x2", x.svg), ("y1", "12"), ("y2", bottom.svg)])
    guard !name.isEmpty else { return }
    let middle = min(max(x, 24), Self.width - 24)
    svg.leaf("text", [("x", middle.svg), ("y", "10"), ("text-anchor", "middle")], name)
  }
}
