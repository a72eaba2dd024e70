import ReleaseModel

extension Artifact {
  /// Every sum that doesn't come out, in words; empty for a right inventory.
  ///
  /// An inventory is of use only if nothing is counted twice and nothing is left out, so tests ask this of every file.
  public var discrepancies: [String] {
    var found: [String] = []
    func expect(_ what: String, _ sum: Int64, _ whole: Int64) {
      if sum != whole { found.append("\(name): \(what) add up to \(sum), not \(whole)") }
    }
    func total(_ weights: [Weight], _ value: (Weight) -> ByteCount?) -> Int64 {
      weights.reduce(0) { $0 + (value($1)?.bytes ?? 0) }
    }
    if kind.isArchive {
      let members = total(files.map(\.weight)) { $0.archivedBytes }
      expect("members and structure", members + structure.reduce(0) { $0 + $1.bytes.bytes }, bytes.bytes)
    } else {
      expect("files", total(files.map(\.weight)) { $0.bytes }, bytes.bytes)
    }
    expect("installed files", total(files.map(\.weight)) { $0.bytes }, installedBytes.bytes)
    for file in files where !file.sections.isEmpty {
      let sections = file.sections.map(\.weight)
      expect("sections of '\(file.path)'", total(sections) { $0.bytes }, file.weight.bytes.bytes)
      if file.weight.archivedBytes != nil {
        expect(
          "archived sections of '\(file.path)'",
          total(sections) { $0.archivedBytes },
          file.weight.shipped.bytes
        )
      }
    }
    let measures: [(String, (Weight) -> ByteCount?)] = [
      ("", { $0.bytes }), ("expanded ", { $0.expandedBytes }), ("archived ", { $0.archivedBytes }),
    ]
    for (measure, value) in measures {
      let images = total(images.map(\.weight), value)
      expect("\(measure)images of units", total(units.flatMap(\.images).map(\.weight), value), images)
      let real = total(self.images.filter { $0.kind == .real }.map(\.weight), value)
      let kernels = total(families.flatMap(\.cells).map(\.weight), value)
      expect("\(measure)kernels and the rest", kernels + total(outsideKernels.map(\.weight), value), real)
    }
    expect("kernels of families", Int64(families.reduce(0) { $0 + $1.kernelCount }), Int64(kernelCount))
    if kernels.count == kernelCount {
      expect(
        "single kernels",
        total(kernels.flatMap(\.cells).map(\.weight)) { $0.bytes },
        total(families.flatMap(\.cells).map(\.weight)) { $0.bytes }
      )
    }
    // A cubin that is a file of its own is a unit as well.
    let holders =
      files.filter { $0.kind == .cubin }.map(\.weight)
      + files.filter { $0.kind != .cubin }.flatMap(\.sections).filter { $0.category == .fatbin }.map(\.weight)
    let units = total(units.map(\.weight)) { $0.bytes }
    if units > total(holders, { $0.bytes }) {
      found.append("\(name): units take \(units) bytes, more than the sections that hold them")
    }
    return found
  }
}

extension Inventory {
  /// Every sum that doesn't come out; see ``Artifact/discrepancies``.
  public var discrepancies: [String] { artifacts.flatMap(\.discrepancies) }
}
