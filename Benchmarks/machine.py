"""Describes the machine and the libraries that were measured."""
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from environment import BENCHMARKS
from measure import run

TELLING_FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")
PEER_PACKAGES = ("torch", "transformers", "peft", "tokenizers")


def usable_cores():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def describe(setting):
    """What a reader has to know to judge the figures, as pairs of name and value."""
    peaks = run([setting.python, BENCHMARKS / "peers" / "matmul.py", "--threads", setting.threads]).report
    return {
        "Processor": processor(),
        "Cores": f"{usable_cores()}, of which {setting.threads} compute",
        "Vector features": " ".join(vector_features()) or "unknown",
        "Memory": memory(),
        "System": operating_system(),
        "Swift": first_match(r"Swift version (\S+)", output_of("swift", "--version")),
        "OpenBLAS": output_of("pkg-config", "--modversion", "openblas") or "unknown",
        "oneDNN": onednn_version(),
        "Python": platform.python_version(),
        "Peers": peer_versions(setting.python),
        "PyTorch's matrix product at its peak":
            f"{peaks['float32']:.0f} GFLOP/s float32, {peaks['bfloat16']:.0f} GFLOP/s bfloat16",
    }


def onednn_version():
    """By the headers that the package was built with."""
    for folder in ("/usr/include", "/usr/local/include", "/opt/homebrew/include"):
        text = read(f"{folder}/oneapi/dnnl/dnnl_version.h")
        parts = [first_match(rf"DNNL_VERSION_{part}\s+(\d+)", text, "") for part in ("MAJOR", "MINOR", "PATCH")]
        if all(parts):
            return ".".join(parts)
    return "unknown"


def processor():
    if sys.platform == "darwin":
        return output_of("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    return first_match(r"model name\s*: (.+)", read("/proc/cpuinfo"), platform.machine())


def vector_features():
    flags = first_match(r"(?:flags|Features)\s*: (.+)", read("/proc/cpuinfo"), "").split()
    return [feature for feature in TELLING_FEATURES if feature in flags]


def memory():
    if sys.platform == "darwin":
        size = int(output_of("sysctl", "-n", "hw.memsize") or 0)
    else:
        size = int(first_match(r"MemTotal:\s*(\d+)", read("/proc/meminfo"), "0")) * 1024
    return f"{size / 1e9:.0f} GB" if size else "unknown"


def operating_system():
    name = first_match(r'PRETTY_NAME="?([^"\n]+)', read("/etc/os-release"), platform.system())
    return f"{name}, kernel {platform.release().split('-')[0]}"


def peer_versions(python):
    program = (
        "import importlib.metadata as m, json, sys; print(json.dumps({p: m.version(p) for p in sys.argv[1:]}))")
    versions = run([python, "-c", program, *PEER_PACKAGES]).report
    return ", ".join(f"{package} {version}" for package, version in versions.items())


def read(path):
    return Path(path).read_text() if os.path.exists(path) else ""


def output_of(*command):
    if not shutil.which(command[0]):
        return ""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def first_match(pattern, text, otherwise="unknown"):
    found = re.search(pattern, text)
    return found.group(1).strip() if found else otherwise
