import UringTrace

extension FindingRule {
  static let errorStorm = FindingRule(
    "error-storm",
    meaning: "Many requests fail with the same error.",
    cure:
      "Look at the first requests named: at their arguments, and at the state of their file."
  ) { evidence in
    evidence.rings.flatMap { ring in
      let completed = evidence.counts(of: ring).completed
      return evidence.errnos(of: ring).compactMap { error -> Sighting? in
        guard error.count >= 50, error.count * 10 >= completed,
          !ordinary.contains(error.errno)
        else { return nil }
        let requests = evidence.ended(on: ring.id) { $0.hasResult && $0.result == -error.errno }
        let name = error.errno == 0 ? "other errors" : ErrorNumber(rawValue: error.errno).name
        let percent = Words.percent(error.count, of: max(completed, error.count))
        let isTooLate =
          late.contains(error.errno) && requests.count { $0.opcode.cancels } * 2 > requests.count
        return Sighting(
          severity: isTooLate ? .info : .warn, rings: [ring.id],
          requests: requests.reversed().map(\.id),
          requestCount: error.count,
          summary: "\(error.count) requests failed with \(name) \(evidence.window(of: ring)), "
            + "\(percent) % of all"
            + (requests.last.map { ": " + evidence.words($0) } ?? ""),
          numbers: [
            .init("errors", error.count), .init("completed", completed),
            .init("share_percent", percent),
          ],
          meaning: isTooLate
            ? "Many cancels or updates found no request: it had ended before, or none was "
              + "submitted with "
              + "that user_data."
            : nil,
          cure: isTooLate
            ? "Expected where they race with completions; otherwise compare the user_data they "
              + "name with "
              + "that of the requests they are for."
            : nil)
      }
    }
  }

  /// Errors of a cancel or update that was too late: ENOENT and EALREADY.
  private static let late: Set<Int32> = [2, 114]

  /// Errors that are not reported: ECANCELED and EAGAIN, which programs provoke on purpose, and
  /// ENOBUFS, which has its own rule.
  private static let ordinary: Set<Int32> = [125, 11, 105]
}
