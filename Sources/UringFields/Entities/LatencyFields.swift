import UringTrace

extension FieldSet<LatencySummary> {
  static let summaries = FieldSet("latency summaries", LatencySummary.fields { $0 })
}

extension FieldSet<OpcodeLatency> {
  /// The fields of latencies, from submission to completion, by ring and opcode.
  public static let latency = FieldSet(
    "latency",
    [
      Field("ring", .number, meaning: "Id of the ring of the requests.") { latency, _ in
        .integer(latency.ring)
      },
      Field(
        "opcode", .text, aliases: ["op"], meaning: "The opcode of the requests, without IORING_OP_."
      ) {
        latency, _ in .text(latency.opcode.name)
      },
    ] + LatencySummary.fields { $0.summary },
    parts: [
      .object(
        "stages", FieldSet<OpcodeLatency>.stages, .always,
        meaning: "Time in each stage, over all completed requests."
      ) { latency, _ in latency },
      .list(
        "buckets", FieldSet<OpcodeLatency.Bucket>.buckets,
        meaning: "Histogram of the latencies, without its empty buckets."
      ) { latency, _ in latency.buckets },
    ])

  private static let stages = FieldSet(
    "stages",
    [
      stage("held", .held, "behind a drain or a chain"),
      stage("issued", .issued, "issued"),
      stage("poll_armed", .poll, "poll-armed"),
      stage("io_wq", .worker, "with io-wq"),
      stage("task_work", .taskWork, "waiting for task work"),
    ])

  private static func stage(
    _ key: String, _ stage: Stage, _ place: String
  ) -> Field<OpcodeLatency> {
    Field(key, .duration, meaning: "Time that all completed requests together spent \(place).") {
      latency, _ in .number(latency.stageTotals[Int(stage.rawValue)])
    }
  }
}

extension LatencySummary {
  fileprivate static func fields<Entity>(
    _ summary: @escaping @Sendable (Entity) -> LatencySummary
  ) -> [Field<Entity>] {
    func percentile(
      _ key: String, title: String? = nil, _ meaning: String,
      _ value: @escaping @Sendable (LatencySummary) -> UInt64
    ) -> Field<Entity> {
      Field(key, title: title, .duration, meaning: meaning) { entity, _ in
        .number(value(summary(entity)))
      }
    }
    return [
      Field(
        "count", .number, total: .sum, meaning: "Number of requests whose latency was measured."
      ) { entity, _ in
        .number(summary(entity).count)
      },
      percentile("p50", title: "p50", "Half of the requests took at most this long.") { $0.p50 },
      percentile("p90", title: "p90", "90 of 100 requests took at most this long.") { $0.p90 },
      percentile("p99", title: "p99", "99 of 100 requests took at most this long.") { $0.p99 },
      percentile("p999", title: "p99.9", "999 of 1,000 requests took at most this long.") {
        $0.p999
      },
      percentile("max", "Latency of the slowest request.") { $0.max },
      percentile("mean", "Mean latency, within 2 %.") { UInt64($0.mean.rounded()) },
    ]
  }
}

extension FieldSet<OpcodeLatency.Bucket> {
  fileprivate static let buckets = FieldSet(
    "latency buckets",
    [
      Field("upper", .duration, meaning: "Upper limit of the bucket's latencies.") { bucket, _ in
        .number(bucket.upperBound)
      },
      Field("count", .number, meaning: "Requests in the bucket.") { bucket, _ in
        .number(bucket.count)
      },
    ])
}
