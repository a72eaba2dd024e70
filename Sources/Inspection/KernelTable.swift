import Inventory
import ReleaseModel

/// All kernels of an artifact: names once, weights by architecture.
struct KernelTable {
  /// What a kernel weighs in one image.
  struct Leaf {
    let unit: Int
    let image: Int
    let kernel: Int
    let weight: Weight
  }

  private struct Cell {
    let architecture: Int
    var weight: Weight
  }

  private var places: [NameKey: Int] = [:]
  private var names: [UInt8] = []
  private var ranges: [Range<Int>] = []
  private var cells: [[Cell]] = []
  private var architectures: [String] = []
  /// Every kernel in every image.
  private(set) var leaves: [Leaf] = []
  /// What of the cubins belongs to no kernel.
  private var outside: [Cell] = []

  /// How many kernels there are.
  var count: Int { ranges.count }

  /// Adds a kernel of one image.
  mutating func add(
    _ name: ArraySlice<UInt8>,
    _ architecture: String,
    _ weight: Weight,
    unit: Int,
    image: Int
  ) {
    let key = name.withUnsafeBytes { NameKey($0) }
    let kernel: Int
    if let known = places[key] {
      kernel = known
    } else {
      kernel = ranges.count
      places[key] = kernel
      ranges.append(names.count..<names.count + name.count)
      names.append(contentsOf: name)
      cells.append([])
    }
    Self.add(weight, index(of: architecture), to: &cells[kernel])
    leaves.append(Leaf(unit: unit, image: image, kernel: kernel, weight: weight))
  }

  /// Adds what of a cubin belongs to no kernel.
  mutating func addOutside(_ architecture: String, _ weight: Weight) {
    Self.add(weight, index(of: architecture), to: &outside)
  }

  private mutating func index(of architecture: String) -> Int {
    if let index = architectures.firstIndex(of: architecture) { return index }
    architectures.append(architecture)
    return architectures.count - 1
  }

  private static func add(_ weight: Weight, _ architecture: Int, to cells: inout [Cell]) {
    if let index = cells.firstIndex(where: { $0.architecture == architecture }) {
      cells[index].weight += weight
    } else {
      cells.append(Cell(architecture: architecture, weight: weight))
    }
  }

  private func kernelCells(_ cells: [Cell]) -> [KernelCell] {
    cells.map { KernelCell(architecture: architectures[$0.architecture], weight: $0.weight) }
      .sorted { $0.architecture.compare(asArchitecture: $1.architecture) }
  }

  /// What of the cubins belongs to no kernel, by architecture.
  var outsideKernels: [KernelCell] { kernelCells(outside) }

  /// The name of a kernel in the file.
  func symbol(_ kernel: Int) -> ArraySlice<UInt8> { names[ranges[kernel]] }

  private func total(_ kernel: Int) -> Weight { cells[kernel].reduce(.zero) { $0 + $1.weight } }

  /// The families of all kernels, in the kernels' order; names are demangled on all cores.
  func families() async -> (names: [String], of: [Int]) {
    let size = 4096
    let parts = stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    let texts = await withTaskGroup(of: (Int, [String]).self) { group in
      for (index, part) in parts.enumerated() {
        group.addTask { (index, part.map { KernelFamily.name(of: Demangler.text(symbol($0))) }) }
      }
      var found = [[String]](repeating: [], count: parts.count)
      for await (index, names) in group { found[index] = names }
      return found
    }
    var names: [String] = []
    var places: [String: Int] = [:]
    let of = texts.joined().map { name in
      if let place = places[name] { return place }
      places[name] = names.count
      names.append(name)
      return names.count - 1
    }
    return (names, of)
  }

  /// Sums by family, largest first.
  func familyRecords(_ families: (names: [String], of: [Int])) -> [FamilyRecord] {
    var sums = [[Cell]](repeating: [], count: families.names.count)
    var counts = [Int](repeating: 0, count: families.names.count)
    for kernel in 0..<count {
      let family = families.of[kernel]
      counts[family] += 1
      for cell in cells[kernel] { Self.add(cell.weight, cell.architecture, to: &sums[family]) }
    }
    return families.names.indices.map {
      FamilyRecord(name: families.names[$0], kernelCount: counts[$0], cells: kernelCells(sums[$0]))
    }.sorted { ($1.weight.bytes, $0.name) < ($0.weight.bytes, $1.name) }
  }

  /// The kernels of at least `threshold` bytes, largest first, and where each of them is in that list.
  func kernelRecords(_ families: (names: [String], of: [Int]), threshold: Int64) -> (
    [KernelRecord], [Int: Int]
  ) {
    var chosen: [(kernel: Int, bytes: Int64)] = []
    for kernel in 0..<count {
      let bytes = total(kernel).bytes.bytes
      if bytes >= threshold { chosen.append((kernel, bytes)) }
    }
    chosen.sort {
      $0.bytes != $1.bytes
        ? $0.bytes > $1.bytes : symbol($0.kernel).lexicographicallyPrecedes(symbol($1.kernel))
    }
    var places: [Int: Int] = [:]
    let records = chosen.enumerated().map { place, item in
      places[item.kernel] = place
      return KernelRecord(
        name: Self.short(Demangler.text(symbol(item.kernel))),
        symbol: Self.short(String(decoding: symbol(item.kernel), as: UTF8.self)),
        family: Self.short(families.names[families.of[item.kernel]]),
        cells: kernelCells(cells[item.kernel])
      )
    }
    return (records, places)
  }

  /// Names of template monsters fill megabytes and say no more than their first words.
  static func short(_ name: String) -> String {
    name.utf8.count <= 600 ? name : String(name.prefix(580)) + "…"
  }
}

extension String {
  /// Orders `75` before `100` before `100a`.
  func compare(asArchitecture other: String) -> Bool {
    func number(_ text: String) -> Int { Int(text.prefix { $0.isNumber }) ?? 0 }
    return (number(self), self) < (number(other), other)
  }
}
