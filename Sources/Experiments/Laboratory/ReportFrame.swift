import Foundation
import Reports
import RunLogs

/// The part of a report that is an experiment's own; the frame around it is the same for all: what was found in one
/// sentence, preconditions, claims with raw and corrected p-values, identities, and how it was made.
public struct ReportFrame: Sendable {
  /// The heading of the page.
  public var title: String
  /// A line below it, as the number of seeds.
  public var subtitle: String
  /// What the tests compare, in a few sentences.
  public var comparison: String
  /// Tables and plots.
  public var sections: [Report.Section]
  /// What is published, and what is our choice.
  public var choices: String

  public init(title: String, subtitle: String, comparison: String, sections: [Report.Section], choices: String) {
    self.title = title
    self.subtitle = subtitle
    self.comparison = comparison
    self.sections = sections
    self.choices = choices
  }

  /// The whole report.
  ///
  /// - Parameter unfinished: names of tasks that have not ended.
  func report(
    _ verdicts: Verdicts, events: [RunEvent], unfinished: [String], context: ReportContext
  ) -> Report {
    var report = Report(title: title, subtitle: subtitle)
    report.preconditions = verdicts.preconditions
    report.opening = verdicts.opening
    report.sections = [.heading("Claims"), .paragraph(comparison + " " + Self.correction(verdicts))]
    if !unfinished.isEmpty { report.sections.append(.paragraph(Self.account(unfinished))) }
    report.sections.append(.decisions(verdicts.decisions.filter { !$0.claim.isIdentity }))
    let identities = verdicts.decisions.filter { $0.claim.isIdentity }
    if !identities.isEmpty {
      report.sections += [
        .heading("Identities"),
        .paragraph(
          "A theorem or the computation itself fixes these: they could not come out otherwise, so they check the code and "
            + "are not counted among the claims."), .decisions(identities),
      ]
    }
    report.sections += sections
    report.sections += [.heading("How it was made"), .paragraph(Self.resources(events) + " " + choices)]
    report.sections += [.code(context.command), .code(context.configuration), .code(context.environment)]
    return report
  }

  private static func correction(_ verdicts: Verdicts) -> String {
    let claims = verdicts.decisions.filter { !$0.claim.isIdentity }
    let tested = claims.count { $0.evidence.adjustedPValue != nil }
    guard tested > 0 else { return "No claim was tested." }
    return
      "Verdicts are those after Holm's correction for the \(counted(tested, "claim")) with a p-value; that of "
      + "each test alone stands beside." + without(claims.count - tested)
  }

  private static func without(_ count: Int) -> String {
    switch count {
    case 0: ""
    case 1: " The other one has no p-value, and no correction."
    default: " The other \(count) have no p-value, and no correction."
    }
  }

  private static func account(_ unfinished: [String]) -> String {
    "\(counted(unfinished.count, "task")) \(unfinished.count == 1 ? "has" : "have") not ended, and nothing here is about them: "
      + unfinished.prefix(5).joined(separator: ", ") + (unfinished.count > 5 ? " ..." : "") + "."
  }

  private static func resources(_ events: [RunEvent]) -> String {
    let peak = events.compactMap { $0.values["peakMemoryBytes"] }.max()
    return "Time \(ProgressBar.duration(events.map(\.time).max() ?? 0))"
      + (peak.map { ", peak memory \(Int(saturating: $0 / 1_048_576)) MB." } ?? ".")
  }
}

/// What claims came to, and what they took for granted.
public struct Verdicts: Sendable {
  /// In the order of the claims, identities among them.
  public var decisions: [Decision]
  /// Each once, in the order in which claims name them.
  public var preconditions: [Precondition]
  /// What was found, in one sentence.
  public var opening: String
}
