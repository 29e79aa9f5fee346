import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite struct FingerprintTests {
    /// By zlib's CRC-32 of each MiB and SplitMix64's finish, in Python.
    @Test(arguments: [(0, "e220a8397b1dcdaf"), (1, "2b6782fa43040a89"), (1 << 20, "cd855456a23de020"), (2_500_003, "2a6776ec04cf8428")])
    func ofFiles(size: Int, expected: String) throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/file"
        try Foundation.Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
            .write(to: URL(fileURLWithPath: path))
        #expect(try Fingerprint.ofFile(path).description == expected)
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        Parallel.threads = 1
        #expect(try Fingerprint.ofFile(path).description == expected)
    }

    @Test func namesWhatIsNoFile() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: TensorFileError.system(path: folder, "is a folder, not a file")) { try Fingerprint.ofFile(folder) }
        #expect(throws: TensorFileError.system(path: folder + "/none", "no such file")) {
            try Fingerprint.ofFile(folder + "/none")
        }
    }
}
