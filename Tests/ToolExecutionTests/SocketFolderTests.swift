import Foundation
import SystemPackage
import TestSupport
import Testing
import ToolExecution

@Suite("A folder for a socket") struct SocketFolderTests {
  @Test("is this user's alone, and never one that was there")
  func make() async throws {
    try await withTemporaryDirectory { folder in
      let place = SocketFolder(in: folder)
      try place.make()
      let mode =
        try FileManager.default.attributesOfItem(atPath: place.path.string)[.posixPermissions] as? Int
      #expect(mode == 0o700)
      #expect(throws: Errno.fileExists) { try place.make() }
      place.remove()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string).isEmpty)
      #expect(SocketFolder(in: folder).path != place.path)
    }
  }

  @Test("a path that is too long for a socket is passed over", arguments: [40, 75, 76, 200])
  func length(bytes: Int) {
    let temporary = FilePath("/" + String(repeating: "t", count: bytes - 1))
    let socket = SocketFolder(in: temporary).socket
    #expect("\(socket).local".utf8.count <= 107)
    #expect(socket.starts(with: temporary) == (bytes <= 75))
  }
}
