import Foundation
import Tensor
import TestSupport
import Testing

@testable import Training

@Suite("Processors of each process")
struct ProcessorShareTests {
    private func shares(_ masks: [[Int]]) -> [ProcessorShare] {
        masks.indices.map { ProcessorShare(masks: masks, index: $0) }
    }

    @Test func launcherHasBound() {
        let shares = shares([[0, 1], [2, 3, 4], [7]])
        #expect(shares.map(\.threads) == [2, 3, 1])
        #expect(shares.allSatisfy { $0.pinned == nil })
    }

    @Test func oneMaskForAll() {
        #expect(shares([[0, 1, 2, 3], [0, 1, 2, 3]]).map(\.pinned) == [[0, 1], [2, 3]])
        // Neighbours in the order that the mask has: here threads of one core are 0 and 2, 1 and 3.
        #expect(shares([[0, 2, 1, 3], [0, 2, 1, 3]]).map(\.pinned) == [[0, 2], [1, 3]])
        // All get as many, as they wait for the slowest.
        let uneven = shares(Array(repeating: [0, 1, 2, 3, 4, 5, 6], count: 3))
        #expect(uneven.map(\.pinned) == [[0, 1], [2, 3], [4, 5]])
        #expect(uneven.map(\.threads) == [2, 2, 2])
        #expect(shares([[5, 6]]).map(\.threads) == [2])
        #expect(shares([[5, 6]])[0].pinned == nil)
    }

    @Test func processesOfTwoPackages() {
        let (left, right) = ([0, 1, 2, 3], [4, 5, 6, 7])
        let shares = shares([left, right, left, right])
        #expect(shares.map(\.pinned) == [[0, 1], [4, 5], [2, 3], [6, 7]])
        #expect(shares.map(\.threads) == [2, 2, 2, 2])
    }

    @Test func tooFew() {
        let crowd = shares(Array(repeating: [0, 1], count: 3))
        #expect(crowd.map(\.threads) == [1, 1, 1])
        #expect(crowd.allSatisfy { $0.pinned == nil })
        let overlapping = shares([[0, 1, 2, 3], [2, 3, 4, 5]])
        #expect(overlapping.map(\.threads) == [2, 2])
        #expect(overlapping.allSatisfy { $0.pinned == nil })
    }

    @Test func idleProcessors() throws {
        func note(_ masks: [[Int]], _ available: Int?, _ kind: Launcher.Kind? = .mpirun) -> String? {
            ProcessorShare(masks: masks, index: 0, available: available, launcher: kind).note
        }
        let text = try #require(note([[0], [1]], 64))
        #expect(text.contains("2 of its 64") && text.contains("--bind-to none") && text.contains("PE=32"))
        #expect(try #require(note([[0]], 64, .srun)).contains("--cpus-per-task=64"))
        #expect(note([[0], [1]], 4) == nil)
        #expect(note([[0], [1]], nil) == nil)
        #expect(note([[0, 1, 2, 3], [0, 1, 2, 3]], 4) == nil)
    }

    #if os(Linux)
        /// On a thread of its own, as masks are a thread's.
        @Test func masksOfTheSystem() throws {
            let result = Answer()
            let thread = Thread {
                guard let before = ProcessorMask.current, let first = before.processors.first else { return result.finish() }
                result.available = ProcessorMask.availableCount ?? 0
                result.unchanged = ProcessorMask.current?.processors == before.processors
                result.narrowed = ProcessorMask(processors: [first]).use() && ProcessorMask.current?.processors == [first]
                result.cores = Parallel.cores
                result.counted = ProcessorMask.availableCount ?? 0
                result.stillNarrow = ProcessorMask.current?.processors == [first]
                result.finish()
            }
            thread.start()
            result.wait()
            #expect(result.available >= 1)
            #expect(result.unchanged && result.narrowed && result.stillNarrow)
            #expect(result.counted == result.available)
            #expect(result.cores == 1)
        }

        /// What another thread finds out. Unchecked: it is read behind `wait()` alone, after the last change.
        private final class Answer: @unchecked Sendable {
            var available = 0
            var counted = 0
            var cores = 0
            var unchanged = false
            var narrowed = false
            var stillNarrow = false
            private let semaphore = DispatchSemaphore(value: 0)
            func finish() { semaphore.signal() }
            func wait() { semaphore.wait() }
        }
    #endif

    @Test func aProcessAlone() throws {
        let share = try ProcessorShare.claim(among: SingleProcess())
        #if os(Linux)
            #expect(try #require(share).pinned == nil)
            #expect(try #require(share).threads >= 1)
        #else
            #expect(share == nil)
        #endif
    }
}
