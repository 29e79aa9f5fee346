import CKernels
import Foundation

/// The threads that share the inner loops of operations.
public enum Parallel {
    /// The number of threads, the caller's among them; 1 unless somebody sets it, as to ``cores``. Results do not
    /// depend on it: work is cut into pieces by its size alone.
    public static var threads: Int {
        get { Int(thread_pool_size()) }
        set { thread_pool_resize(Int32(clamping: newValue)) }
    }

    /// The number of cores that this process may use: of the machine's, those that a mask leaves to it.
    public static var cores: Int {
        let all = ProcessInfo.processInfo.activeProcessorCount
        var mask = [UInt8](repeating: 0, count: 1024)
        guard processor_mask_get(Int64(mask.count), &mask) != 0 else { return all }
        let allowed = mask.reduce(0) { $0 + $1.nonzeroBitCount }
        return allowed > 0 ? min(all, allowed) : all
    }

    /// Calls `body` once for every index below `count`, shared among the threads.
    static func forEach(_ count: Int, _ body: (Int) -> Void) {
        if count == 1 { return body(0) }
        withoutActuallyEscaping(body) { body in
            var loop = Loop(body: body)
            withUnsafeMutablePointer(to: &loop) { pointer in
                parallel_for(
                    Int64(count),
                    { context, index in
                        context!.assumingMemoryBound(to: Loop.self).pointee.body(Int(index))
                    }, pointer)
            }
        }
    }

    /// Cuts `0 ..< count` into ranges of `grain` (the last may be shorter), shared among the threads.
    static func ranges(_ count: Int, grain: Int = 32768, _ body: (Range<Int>) -> Void) {
        guard count > 0 else { return }
        forEach((count + grain - 1) / grain) { index in
            body(index * grain..<min(count, (index + 1) * grain))
        }
    }

    /// Cuts rows of `width` values into ranges of about 32,768 values.
    static func rows(_ count: Int, width: Int, _ body: (Range<Int>) -> Void) {
        ranges(count, grain: max(1, 32768 / max(1, width)), body)
    }

    private struct Loop {
        let body: (Int) -> Void
    }
}
