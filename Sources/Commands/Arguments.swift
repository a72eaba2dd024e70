public import ArgumentParser
public import Planning
public import ReleaseModel
public import Reporting

// Values of the model that can stand on the command line; the texts are their raw values, as in configuration files.

extension Layout: ExpressibleByArgument {}
extension KernelCompression: ExpressibleByArgument {}
extension UPXScope: ExpressibleByArgument {}
extension CompilerCache: ExpressibleByArgument {}
extension ReportFormat: ExpressibleByArgument {}
extension InventoryFormat: ExpressibleByArgument {}

extension ByteCount: ExpressibleByArgument {
  /// Reads a size as the command line gives it: `104857600`, `100MiB`.
  public init?(argument: String) { self.init(parsing: argument) }
}

extension ShardSelection: ExpressibleByArgument {
  /// Reads a share as the command line gives it: `2/3`, `core`.
  public init?(argument: String) { self.init(parsing: argument) }
}
