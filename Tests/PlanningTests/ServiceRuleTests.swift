import Planning
import ReleaseModel
import Testing

@Suite struct ServiceRuleTests {
  /// One row: the compile set, the slice's part of it, the device, how it is served.
  struct Case: CustomTestStringConvertible {
    let set: String
    let slice: String
    let device: Int
    let service: Service?

    init(_ set: String, _ slice: String, _ device: Int, _ service: Service?) {
      (self.set, self.slice, self.device, self.service) = (set, slice, device, service)
    }

    var testDescription: String { "\(slice) of \(set) on \(device)" }
  }

  @Test(arguments: [
    // The closest architecture must be in the slice, even where another cubin of it would load.
    Case("75 80 86", "86", 86, .exactCubin), Case("75 80 86", "80", 86, nil),
    Case("75 80 86", "80", 80, .exactCubin),
    Case("75 80 86", "86", 89, .olderCubin), Case("75 80 86", "80", 89, nil), Case("75 80 86", "75", 80, nil),
    Case("75 80 86", "75 80 86", 86, .exactCubin), Case("80 90", "80", 86, .olderCubin),
    Case("80 90", "80", 89, .olderCubin), Case("75 80 86", "80 86", 89, .olderCubin),
    // No cubin runs across majors; PTX of the closest does.
    Case("75 80 86", "86", 90, nil), Case("75 80 86+PTX", "86+PTX", 90, .ptx),
    Case("75 80 86+PTX", "86+PTX", 120, .ptx), Case("75+PTX 80 86", "75+PTX", 90, nil),
    Case("75+PTX 80 86", "75+PTX", 75, .exactCubin), Case("75+PTX 90", "75+PTX", 80, .ptx),
    Case("75+PTX 90", "75+PTX", 120, nil), Case("75 80", "75", 70, nil), Case("75 80", "75 80", 61, nil),
    // PTX only.
    Case("86v", "86v", 86, .ptx), Case("80 86v", "80", 86, nil), Case("80 86v", "86v", 86, .ptx),
    Case("80 86v", "86v", 89, .ptx),
    // Tegra parts: only their own cubin; PTX of the closest is no problem.
    Case("86", "86", 87, nil), Case("86 87", "87", 87, .exactCubin), Case("86 87", "86", 89, nil),
    Case("86 87", "86 87", 89, nil), Case("86 87+PTX", "87+PTX", 89, .ptx),
    Case("86+PTX", "86+PTX", 87, .ptx),
    Case("86+PTX 87", "86+PTX", 89, nil), Case("70 72", "70 72", 75, nil),
    // Letters: ggml sees numbers only.
    Case("90a", "90a", 90, .exactCubin), Case("90 90a", "90", 90, .exactCubin),
    Case("90 90a", "90a", 90, .exactCubin), Case("100a", "100a", 103, nil),
    Case("100f", "100f", 103, .olderCubin),
    Case("100 103a", "100", 103, nil), Case("120a", "120a", 121, nil), Case("120a", "120a", 120, .exactCubin),
    Case("90 120a", "90", 121, nil), Case("100f 120a", "100f", 110, nil),
  ])
  func closestArchitecture(row: Case) {
    let rule = ServiceRule(compileSet: architectures(row.set))
    let slice = Slice(name: "s", architectures: architectures(row.slice))
    #expect(rule.service(of: ComputeCapability(number: row.device), by: slice) == row.service)
  }

  @Test func `The best slice has the better code, then fewer architectures, then the first name`() throws {
    let rule = ServiceRule(compileSet: architectures("86+PTX"))
    func slice(_ name: String, _ text: String) -> Slice {
      Slice(name: name, architectures: architectures(text))
    }
    let device = ComputeCapability(number: 86)
    let byCode = rule.best(of: [slice("a", "86v"), slice("b", "86")], for: device)
    #expect(byCode?.slice.name == "b" && byCode?.service == .exactCubin)
    #expect(rule.best(of: [slice("a", "80 86"), slice("b", "86")], for: device)?.slice.name == "b")
    #expect(rule.best(of: [slice("b", "86"), slice("a", "86")], for: device)?.slice.name == "a")
    #expect(rule.best(of: [slice("a", "80")], for: device) == nil)
    #expect(rule.best(of: [], for: device) == nil)
  }

  @Test(arguments: [
    ("75 80", 61, "every architecture of the list is above 6.1"),
    ("75 80", 90, "no cubin of the list runs on 9.0 and no PTX can be compiled for it"),
    (
      "86 87", 89,
      "8.6's cubin would run on 8.9, but ggml takes 8.7, the closest in the list, whose code does not run there; build 8.7 in a release of its own"
    ),
    (
      "100 103a", 107,
      "10.0's cubin would run on 10.7, but ggml takes 10.3a, the closest in the list, whose code does not run there; build 10.3a in a release of its own"
    ),
  ])
  func obstacle(set: String, device: Int, message: String) {
    let rule = ServiceRule(compileSet: architectures(set))
    #expect(rule.obstacle(to: ComputeCapability(number: device)) == message)
  }

  @Test func `There is no obstacle where everything together serves`() {
    #expect(ServiceRule(compileSet: architectures("80")).obstacle(to: ComputeCapability(number: 86)) == nil)
  }
}
