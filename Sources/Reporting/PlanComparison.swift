public import Foundation
import Inventory
public import Planning
import ReleaseModel
import SizeModel

/// What a plan's files were to weigh by an earlier plan's file, which another version of this program may have written.
///
/// So only what a comparison needs is read of it, not all that ``PlanDocument`` holds and executes.
public struct EarlierPlan: Hashable, Sendable, Decodable {
  private let plan: Plan

  private struct Plan: Hashable, Decodable {
    let layout: String
    let forecasts: [Forecast]
  }
  private struct Forecast: Hashable, Decodable {
    let layout: String
    let files: [File]
  }
  private struct File: Hashable, Decodable {
    let kind: String
    let role: String
    let group: String?
    let weight: Size
  }
  private struct Size: Hashable, Decodable { let packed: ByteCount }

  /// Reads what `plan --format json` printed.
  ///
  /// - Throws: `DecodingError` for anything else.
  public init(_ data: Data) throws { self = try JSONDecoder().decode(Self.self, from: data) }

  private init(_ plan: PlannedRelease) {
    self.plan = Plan(
      layout: plan.layout.rawValue,
      forecasts: plan.forecasts.map { forecast in
        Forecast(
          layout: forecast.layout.rawValue,
          files: forecast.files.map {
            File(
              kind: $0.kind.rawValue,
              role: $0.role.rawValue,
              group: $0.group,
              weight: Size(packed: $0.weight.packed)
            )
          }
        )
      }
    )
  }

  /// What is otherwise in a new plan: the layout that is chosen, and the files of every layout that change.
  ///
  /// The result ends in a newline.
  public func render(changesTo new: PlannedRelease, isMarkdown: Bool) -> String {
    let new = EarlierPlan(new)
    var table = Table([
      .text("layout"), .text("file"), .number("before"), .number("after"), .number("change"), .number("%"),
    ])
    let (before, after) = (sizes, new.sizes)
    for name in (after.names + before.names.filter { after.bytes[$0] == nil }) {
      let change = Change(old: before.bytes[name] ?? .zero, new: after.bytes[name] ?? .zero)
      guard change.old != change.new else { continue }
      let cells = [
        name.layout, name.file, "\(change.old)", "\(change.new)", change.difference.signed, change.percentage,
      ]
      table.append(isMarkdown ? cells.map(Markdown.text) : cells)
    }
    var lines = [isMarkdown ? "### Against the earlier plan" : "Against the earlier plan"]
    let indent = isMarkdown ? "" : "  "
    if isMarkdown { lines.append("") }
    if plan.layout != new.plan.layout {
      lines.append("\(indent)layout: \(new.plan.layout), it was \(plan.layout)")
    }
    if table.rows.isEmpty {
      lines.append("\(indent)every file is predicted at the same size")
    } else {
      if isMarkdown, lines.last != "" { lines.append("") }
      lines += isMarkdown ? table.markdownLines() : table.lines(indent: 2)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private struct Name: Hashable {
    let layout: String
    let file: String
  }

  private var sizes: (names: [Name], bytes: [Name: ByteCount]) {
    var names: [Name] = []
    var bytes: [Name: ByteCount] = [:]
    for forecast in plan.forecasts {
      for file in forecast.files {
        let owner = file.group ?? (file.role == "meta" ? "the others, required" : "core")
        let name = Name(layout: forecast.layout, file: "\(owner), \(file.kind)")
        if bytes.updateValue(file.weight.packed, forKey: name) == nil { names.append(name) }
      }
    }
    return (names, bytes)
  }
}
