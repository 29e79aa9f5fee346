"""Runs a command as a process of its own and says what it took."""
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass

from environment import BenchError

LONGEST_RUN = 900
# They choose another kernel than the processor's own, or cut its blocks for another cache.
REMOVED_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True)
class Outcome:
    report: dict  # the line of JSON that the command printed; empty where it printed none
    seconds: float  # from start to end, as seen from outside
    peak_memory: int  # bytes


def run(arguments):
    """Runs a command to its end.

    - Raises `BenchError` with the end of what it said where it fails or takes too long.
    """
    arguments = [str(argument) for argument in arguments]
    environment = {name: value for name, value in os.environ.items() if name not in REMOVED_VARIABLES}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        begun = time.perf_counter()
        try:
            process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=environment)
        except OSError as error:
            raise BenchError(f"{arguments[0]} cannot be started: {error.strerror}") from None
        limit = threading.Timer(LONGEST_RUN, process.kill)
        limit.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            process.kill()
            raise
        finally:
            limit.cancel()
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            raise BenchError(failure(arguments, process.returncode, seconds, errors.read() or output.read()))
        return Outcome(last_report(output.read()), seconds, in_bytes(usage.ru_maxrss))


def failure(arguments, code, seconds, said):
    reason = f"took longer than {LONGEST_RUN} s" if seconds > LONGEST_RUN else f"ended with code {code}"
    return f"this command {reason}:\n  {shlex.join(arguments)}\n" + "\n".join(said.strip().splitlines()[-8:])


def last_report(text):
    """The last line that is a JSON object."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    return {}


def in_bytes(peak):
    return peak if sys.platform == "darwin" else peak * 1024
