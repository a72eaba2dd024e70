// swift-tools-version: 6.2

import PackageDescription

// One list of settings for every target of ours: Swift 6 with the stricter upcoming rules. Warnings become
// errors in CI (`ci/test` passes `-warnings-as-errors`), not here, so that a newer compiler's new warning
// never keeps a user from building a release.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(of name: String, _ more: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: [.target(name: name), "TestSupport"] + more,
    swiftSettings: settings
  )
}

let package = Package(
  name: "llcuda-build",
  products: [.executable(name: "llcuda-build", targets: ["llcuda-build"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    // C libraries. Each is imported by exactly one Swift target.
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),

    // C of ours, 60 lines: what Swift can't do or call.
    .target(name: "CInspection", linkerSettings: [.linkedLibrary("supc++")]),

    // A function of glibc that Swift's own import of it lacks.
    .systemLibrary(name: "CRename"),

    // Values only: no file, no process, no clock.
    library("ReleaseModel", []),
    .target(
      name: "SizeModel",
      dependencies: ["ReleaseModel"],
      resources: [.embedInCode("Resources/figures.json")],
      swiftSettings: settings
    ),
    library("SourceText", []),
    library("Planning", ["ReleaseModel", "SizeModel", "SourceText"]),
    library("Inventory", ["ReleaseModel"]),
    library("Reporting", ["ReleaseModel", "SizeModel", "Planning", "Inventory"]),
    library("Timeline", []),

    // Bytes in, values out.
    library("BinaryFormats", ["CZstd", "CLZ4", system]),
    library("PTXText", []),
    library("Archives", ["CZlib", "CDeflate", "CArchive", "CCrypto", "CLzma", "CRename", system]),
    library("Inspection", ["ReleaseModel", "Inventory", "BinaryFormats", "Archives", "CInspection", system]),
    library(
      "Configuration",
      ["ReleaseModel", "Inventory", .product(name: "TOMLKit", package: "TOMLKit"), system]
    ),

    // What touches the machine.
    library(
      "ToolExecution",
      ["ReleaseModel", "Timeline", .product(name: "Subprocess", package: "swift-subprocess"), system]
    ),
    library(
      "Building",
      ["ReleaseModel", "SourceText", "Planning", "Timeline", "ToolExecution", "Archives", system]
    ),
    library("Doctor", ["ReleaseModel", "Planning", "ToolExecution", "Building", system]),
    library("Carving", ["ReleaseModel", "BinaryFormats", "PTXText", "ToolExecution", system]),
    library("PackedKernels", ["ReleaseModel", "BinaryFormats", "PTXText", "Archives", system]),
    library("Packaging", ["ReleaseModel", "BinaryFormats", "Archives", system]),
    library(
      "Verification",
      ["ReleaseModel", "Reporting", "BinaryFormats", "Archives", "PackedKernels", "Packaging", system]
    ),
    library("Sharding", ["ReleaseModel", "Planning", "Archives", system]),
    library(
      "Pipeline",
      [
        "ReleaseModel", "SizeModel", "Planning", "Reporting", "BinaryFormats", "Archives", "Configuration",
        "ToolExecution", "Building", "Carving", "PackedKernels", "Packaging", "Inventory", "Inspection",
        "Sharding", "Timeline", "Verification", system,
      ]
    ),
    library(
      "Publishing",
      ["ReleaseModel", "Reporting", "Archives", "ToolExecution", "Verification", system]
    ),

    // What a person types.
    library(
      "Commands",
      [
        "ReleaseModel", "SizeModel", "Planning", "Reporting", "Configuration", "ToolExecution", "Archives",
        "Building", "Carving", "BinaryFormats", "PTXText", "PackedKernels", "Pipeline", "Inventory",
        "Inspection", "Verification", "Doctor", "Sharding", "Timeline", "Publishing",
        .product(name: "ArgumentParser", package: "swift-argument-parser"), system,
      ]
    ),
    .executableTarget(
      name: "llcuda-build",
      dependencies: [
        "Commands", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings
    ),

    .target(
      name: "TestSupport",
      dependencies: [.product(name: "Subprocess", package: "swift-subprocess"), system],
      path: "Tests/TestSupport",
      swiftSettings: settings
    ),
    .target(name: "FileDamage", path: "Tests/FileDamage", swiftSettings: settings),
    // Not a product: `ci/fuzz` runs it.
    .executableTarget(
      name: "inspect-fuzz",
      dependencies: ["FileDamage", "Inspection", "Inventory", system],
      path: "Tests/InspectFuzz",
      swiftSettings: settings
    ),
    tests(of: "ReleaseModel"),
    tests(of: "SizeModel", ["ReleaseModel"]),
    tests(of: "Planning", ["ReleaseModel", "SizeModel", "SourceText"]),
    .testTarget(
      name: "ReportingTests",
      dependencies: ["Reporting", "ReleaseModel", "SizeModel", "Planning", "Inventory", "TestSupport"],
      exclude: ["Snapshots"],
      swiftSettings: settings
    ),
    tests(of: "BinaryFormats", [system]),
    tests(of: "PTXText"),
    tests(of: "SourceText"),
    tests(of: "Archives", [system]),
    tests(of: "Inventory", ["ReleaseModel"]),
    tests(
      of: "Inspection",
      ["FileDamage", "ReleaseModel", "Inventory", "BinaryFormats", "Archives", system]
    ),
    tests(of: "Configuration", ["ReleaseModel", "Inventory", system]),
    tests(of: "ToolExecution", ["ReleaseModel", system]),
    tests(of: "Building", ["ReleaseModel", "Planning", "ToolExecution", "Archives", system]),
    tests(of: "Doctor", ["ToolExecution", "ReleaseModel", system]),
    tests(of: "Carving", ["ReleaseModel", "BinaryFormats", "ToolExecution", system]),
    tests(of: "PackedKernels", ["ReleaseModel", "Archives", "BinaryFormats", "PTXText", system]),
    tests(of: "Packaging", ["ReleaseModel", "Archives", "BinaryFormats", system]),
    tests(
      of: "Pipeline",
      ["Building", "Planning", "ReleaseModel", "Reporting", "SizeModel", "ToolExecution", system]
    ),
    .testTarget(
      name: "PublishingTests",
      dependencies: [
        "Publishing", "Verification", "TestSupport", "Packaging", "ReleaseModel", "Reporting", "Archives",
        "ToolExecution",
        system,
      ],
      swiftSettings: settings
    ),
    .testTarget(
      name: "VerificationTests",
      dependencies: [
        "Verification", "TestSupport", "Packaging", "ReleaseModel", "Archives", "BinaryFormats", "Reporting",
        system,
      ],
      swiftSettings: settings
    ),
    tests(of: "Sharding", ["ReleaseModel", "Planning", "Archives", system]),
    tests(of: "Timeline"),
    tests(
      of: "Commands",
      ["ReleaseModel", .product(name: "ArgumentParser", package: "swift-argument-parser")]
    ),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["TestSupport", "ReleaseModel", "BinaryFormats", "Archives", system],
      swiftSettings: settings
    ),
  ],
  swiftLanguageModes: [.v6]
)
