public import Planning
import ReleaseModel
public import SizeModel

/// The text for PyPI's request of a higher file limit, from a plan's facts.
public struct LimitRequest {
  private let plan: PlannedRelease
  private let model: SizeModel
  private let releasesPerYear: Int

  /// Makes a request.
  public init(_ plan: PlannedRelease, model: SizeModel, releasesPerYear: Int) {
    self.plan = plan
    self.model = model
    self.releasesPerYear = releasesPerYear
  }

  /// The layouts whose files fit without a request.
  private var fitting: [LayoutForecast] {
    plan.forecasts.filter { $0.largestAtMost <= ByteCount.pypiFileLimit }
  }

  /// Why no request is needed; `nil` when one is.
  public var warning: String? {
    guard !fitting.isEmpty else { return nil }
    let ways = fitting.map { "--layout \($0.layout.rawValue) (\($0.largest.mebibytes))" }
    return
      "no request is needed: \(ways.joined(separator: ", ")) \(ways.count == 1 ? "stays" : "stay") under 100 MiB; PyPI's staff asks for that first"
  }

  /// The text, in Markdown, as the form takes it.
  public var text: String {
    let single = plan.forecasts.first { $0.layout == .single } ?? plan.forecast
    let needed = (single.largestAtMost.bytes + 10 * 1_048_576 - 1) / (10 * 1_048_576) * 10
    let yearly = ByteCount(single.total.bytes * Int64(releasesPerYear))
    let marked = single.estimates.isEmpty ? "predicted from a measured build" : "estimated"
    var lines = [
      "### Project", "", plan.spec.project.name, "", "### Which limit", "", "File size", "",
      "### New limit", "", "\(needed) MiB", "", "### Why", "",
      "The wheel holds llama.cpp's CUDA kernels as machine code for \(plan.plan.compileSet.architectures.count) GPU architectures (\(plan.plan.compileSet)). Its size is \(single.largest) bytes (\(marked)). Kernel code by architecture, deflated:",
      "",
    ]
    for architecture in plan.plan.compileSet.architectures {
      let weight = model.images(of: architecture, stored: plan.spec.kernelCompression)
      lines.append("- \(architecture): \(weight.packed.mebibytes)")
    }
    lines += ["", "What was done to make it smaller:", ""]
    lines += [
      "- one copy of every library, no symbolic links turned into copies; files are stripped",
      "- CUDA's own libraries come from NVIDIA's wheels on PyPI and are not in ours",
      "- kernels are stored \(plan.spec.kernelCompression == .none ? "uncompressed inside the library and deflated by the wheel" : "with \(plan.spec.kernelCompression.rawValue) inside the library")",
    ]
    for forecast in plan.forecasts where forecast.layout != .single {
      let verdict =
        forecast.largestAtMost <= .pypiFileLimit ? "fits the default limit" : "is still over 100 MiB"
      lines.append(
        "- layout \(forecast.layout.rawValue): largest file \(forecast.largest.mebibytes), \(verdict)"
      )
    }
    lines += [
      "", "### How often", "",
      "\(releasesPerYear) releases a year, \(yearly.mebibytes) a year in all.", "",
    ]
    return lines.joined(separator: "\n")
  }
}
