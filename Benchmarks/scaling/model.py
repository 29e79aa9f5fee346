"""A model of the time of a step on P processes: what the slowest of them computes, and the sum.

    T(P) = E[max over P of c(b)] + wait(N, P)

c(b) is the time that one process computes a batch of b samples, with the optimizer. S is the time of RankOrderSum
(Sources/Training/Communication/MPICommunicator.swift): in each of two stages a process exchanges a slice of the
values with every other one. `wait` is what is left of it when everything is computed: the first half of the values
goes ahead while the process computes still, see EffectiveBatchSum.swift there.
"""
import math
import statistics
from dataclasses import dataclass

GRADIENTS = 4 * 262_144  # bytes that the default recipe sums a step
SMALLEST_SLICE = 4 * 1024  # bytes, as RankOrderSum.smallestSlice has it
STAGES = 2
PAYLOAD = 1448 / 1538  # of what an Ethernet wire carries, TCP's own


@dataclass(frozen=True)
class Software:
    """What sending costs a process beside the wire, in seconds."""

    message: float  # each message
    stage: float  # each stage, once: waking up, adding, the system's way to the wire
    byte: float  # each byte that a process sends and receives


@dataclass(frozen=True)
class Wire:
    name: str
    delay: float  # seconds one way
    rate: float  # bits a second each way

    @property
    def byte(self):
        return 8 / (self.rate * PAYLOAD)


def slices(size, ranks):
    """How many processes own a slice, and its bytes."""
    piece = max(SMALLEST_SLICE, -(-size // ranks))
    return min(ranks, -(-size // piece)), min(piece, size)


def direct_sum(size, ranks, software, wire):
    """The owner of a slice exchanges it with all others; its link and its processor are what the others wait for."""
    if ranks == 1:
        return 0.0
    _, piece = slices(size, ranks)
    messages, volume = ranks - 1, (ranks - 1) * piece
    return STAGES * (
        wire.delay + software.stage + messages * software.message + volume * max(software.byte, wire.byte))


def wait(size, ranks, software, wire, window):
    """What a step waits for its gradients' sum, of which a half goes ahead in the last `window` seconds of computing:
    the other half, which begins at their end, and behind which the first must be done."""
    half = size / 2
    if half < ranks * SMALLEST_SLICE:
        return direct_sum(size, ranks, software, wire)
    each = direct_sum(half, ranks, software, wire)
    return max(each, 2 * each - window)


def ring_sum(size, ranks, software, wire):
    if ranks == 1:
        return 0.0
    steps = 2 * (ranks - 1)
    return steps * (wire.delay + software.stage + software.message) + steps / ranks * size * max(software.byte, wire.byte)


def tree_sum(size, ranks, software, wire):
    """Halves are exchanged with ever nearer partners and put together again (Rabenseifner)."""
    if ranks == 1:
        return 0.0
    steps = 2 * math.ceil(math.log2(ranks))
    return steps * (wire.delay + software.stage + software.message) + 2 * (ranks - 1) / ranks * size * max(software.byte, wire.byte)


@dataclass(frozen=True)
class Compute:
    """c(b) = fixed + b * sample on average, and how unlike batches are: a share for b samples of different lengths,
    which falls as 1 / sqrt(b), and a share of the machine's own, which does not."""

    fixed: float
    sample: float
    largest: int  # samples of a micro-batch; more are accumulated
    sample_spread: float  # seconds, standard deviation for one sample
    noise: float  # share of the time, standard deviation of the same batch from step to step

    def mean(self, batch):
        whole, rest = divmod(batch, self.largest)
        return whole * (self.fixed + self.largest * self.sample) + (self.fixed + rest * self.sample if rest else 0)

    def slowest(self, batch, ranks):
        spread = math.hypot(self.sample_spread * math.sqrt(batch), self.noise * self.mean(batch))
        return self.mean(batch) + spread * expected_maximum(ranks)


def expected_maximum(count):
    """Of so many standard normal values, by integration over their largest."""
    if count == 1:
        return 0.0
    normal, step, total = statistics.NormalDist(), 0.002, 0.0
    value = -8.0
    before = 0.0
    while value < 8:
        value += step
        after = normal.cdf(value) ** count
        total += (value - step / 2) * (after - before)
        before = after
    return total


def step(compute, batch, ranks, software, wire, ahead, size=GRADIENTS):
    """`ahead`: the share of a micro-batch's time that is left when the first half of its gradients is there."""
    last = compute.mean(min(batch, compute.largest))
    return compute.slowest(batch, ranks) + wait(size, ranks, software, wire, ahead * last)


def line(points):
    """The line through points (x, y) that is nearest in proportion to y: its height at 0 and its slope."""
    weights = [1 / y**2 for _, y in points]
    whole = sum(weights)
    x_mean = sum(w * x for w, (x, _) in zip(weights, points)) / whole
    y_mean = sum(w * y for w, (_, y) in zip(weights, points)) / whole
    slope = sum(w * (x - x_mean) * (y - y_mean) for w, (x, y) in zip(weights, points)) / sum(
        w * (x - x_mean) ** 2 for w, (x, _) in zip(weights, points))
    return y_mean - slope * x_mean, slope


def fit_software(sums, wire):
    """From the medians of two processes and, where they are there, of four: `sums[ranks]` is a list of (bytes, seconds)."""
    small, _ = line([(size, took) for size, took in sums[2] if size <= 65536])
    _, per_byte = line([(size, took) for size, took in sums[2] if size >= 1 << 20])
    message = 0.0
    if 4 in sums:
        four, _ = line([(size, took) for size, took in sums[4] if size <= 65536])
        message = max(0.0, (four - small) / STAGES / 2)
    # Two processes send half of the values in each stage.
    return Software(
        message=message, stage=max(0.0, small / STAGES - wire.delay - message), byte=max(per_byte, 0.0))


def fit_ahead(waited, computed, size, ranks, software, wire):
    """The share of a step's time that is left when its sum begins, from steps over a network so slow that this share
    is not enough for half of the sum; `waited` is by how much they are longer than the `computed` seconds without it."""
    each = direct_sum(size / 2, ranks, software, wire)
    return min(max(0.0, 2 * each - waited), each) / computed


def fit_compute(by_batch, largest):
    """`by_batch[b]` holds, for each batch of an epoch, the seconds of its steps."""
    means = [(b, statistics.mean(statistics.median(times) for times in batches)) for b, batches in by_batch.items()]
    fixed, sample = line(means)
    spreads = []
    for b, batches in by_batch.items():
        medians = [statistics.median(times) for times in batches]
        spreads.append(statistics.stdev(medians) / math.sqrt(b))
    noises = [
        time / statistics.median(times) - 1 for batches in by_batch.values() for times in batches for time in times]
    return Compute(
        fixed=max(0.0, fixed), sample=sample, largest=largest, sample_spread=statistics.median(spreads),
        noise=1.4826 * statistics.median(abs(noise) for noise in noises))
