"""Times training steps and reports them as one line of JSON."""
import json
import resource
import statistics
import sys
import time

WARM_UP = 2


class Stopwatch:
    def __init__(self, started):
        """`started`: time.perf_counter() before the first slow import."""
        self.started = started
        self.first_step = None
        self.seconds = []
        self.tokens = []

    def run(self, steps, batches, step):
        """Runs `step(ids, mask)` so many times and returns its last result."""
        result = None
        for _ in range(steps):
            begun = time.perf_counter()
            ids, mask = next(batches)
            result = step(ids, mask)
            self.seconds.append(time.perf_counter() - begun)
            self.tokens.append(ids.numel())
            if self.first_step is None:
                self.first_step = time.perf_counter() - self.started
        return result

    def report(self, last_loss):
        steady = self.seconds[WARM_UP:] or self.seconds
        tokens = self.tokens[WARM_UP:] or self.tokens
        print(json.dumps({
            "seconds_per_step": statistics.median(steady),
            "seconds_min": min(steady),
            "steps": len(steady),
            "tokens": statistics.mean(tokens),
            "peak_memory_bytes": peak_memory(),
            "seconds_to_first_step": self.first_step,
            "last_loss": last_loss,
        }))


def peak_memory():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
