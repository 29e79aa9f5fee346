import Foundation
import Synchronization
import Testing
import Training

@Suite("Backlog")
struct BacklogTests {
    @Test("In order, and the rest after the end")
    func order() {
        let backlog = Backlog<Int>(limit: 10)
        for number in 0..<5 { #expect(!backlog.append(number)) }
        backlog.close()
        backlog.append(9)
        #expect((0..<6).map { _ in backlog.next() } == [0, 1, 2, 3, 4, nil])
        #expect(backlog.lost == 0 && backlog.isClosed)
    }

    @Test("Beyond the limit the oldest are given up, which is told once")
    func limit() {
        let backlog = Backlog<Int>(limit: 3)
        #expect((0..<8).map { backlog.append($0) } == [false, false, false, true, false, false, false, false])
        backlog.close()
        #expect((0..<4).map { _ in backlog.next() } == [5, 6, 7, nil])
        #expect(backlog.lost == 5)
    }

    @Test("Another thread gets everything while it comes")
    func threads() {
        let backlog = Backlog<Int>(limit: 100_000)
        let taken = Mutex<[Int]>([])
        let done = DispatchSemaphore(value: 0)
        Thread {
            while let number = backlog.next() { taken.withLock { $0.append(number) } }
            done.signal()
        }.start()
        for number in 0..<50_000 { backlog.append(number) }
        backlog.close()
        done.wait()
        #expect(taken.withLock { $0 } == Array(0..<50_000))
    }
}
