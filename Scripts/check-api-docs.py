#!/usr/bin/env python3
"""Checks that everything public has a doc comment, and that whatever throws says what (`- Throws:`).

    Scripts/check-api-docs.py                 builds the package, about two minutes, and checks it
    Scripts/check-api-docs.py --graph FOLDER  checks what `swift package dump-symbol-graph
                                              --minimum-access-level public --skip-synthesized-members` wrote there

Looked at are the modules that `import LoRATrain` gives: those that Sources/LoRATrain exports. What conforms to a
protocol and has no comment of its own has the requirement's, as in Xcode and DocC, and counts as documented where that
is. What the compiler makes by itself, such as `!=`, is passed over.

A symbol that is found here lacks a comment, or should not be public: what the package's own modules alone need is
`package`, what one module needs is internal. The exit status is 1 where there is any.
"""
import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlparse

REPOSITORY = Path(__file__).resolve().parent.parent
UMBRELLA = REPOSITORY / "Sources" / "LoRATrain" / "LoRATrain.swift"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", type=Path, metavar="FOLDER", help="symbol graphs that are there already")
    given = parser.parse_args().graph
    modules = re.findall(r"^@_exported import (\w+)", UMBRELLA.read_text(), re.MULTILINE)
    graph = given or dump(modules)
    symbols = [symbol for module in modules for symbol in public_symbols(graph, module)]
    faults = sorted(f"{place(symbol)}: {name(symbol)} {fault}" for symbol in symbols for fault in faults_of(symbol))
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(f"error: {len(faults)} of {len(symbols)} public symbols; write the comment, or make the symbol `package` or internal")
    print(f"{len(symbols)} public symbols of {', '.join(modules)} are documented")


def dump(modules):
    """The folder with the symbol graphs of the modules as they are now."""
    command = ["swift", "package", "dump-symbol-graph", "--minimum-access-level", "public", "--skip-synthesized-members"]
    start = time.time()
    result = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # The command also wants the graph of the tests' runner, and fails behind all others where no test was ever built. So
    # what counts is what it wrote, and that this is not of an earlier time.
    written = re.search(r"^Files written to (.+)$", result.stdout, re.MULTILINE)
    folder = Path(written[1]) if written else None
    if folder is None or any(not is_newer(folder / f"{module}.symbols.json", start) for module in modules):
        sys.exit(f"{result.stdout}error: `{' '.join(command)}` failed")
    return folder


def is_newer(path, time):
    return path.is_file() and path.stat().st_mtime >= time


def public_symbols(folder, module):
    """What a module declares, extensions of other modules' types among it."""
    if not (folder / f"{module}.symbols.json").is_file():
        sys.exit(f"error: {folder} has no symbol graph of {module}; run without --graph")
    for path in [folder / f"{module}.symbols.json", *sorted(folder.glob(f"{module}@*.symbols.json"))]:
        for symbol in json.loads(path.read_text())["symbols"]:
            # An extension as such says nothing; its members do.
            if symbol["kind"]["identifier"] != "swift.extension":
                yield symbol


def faults_of(symbol):
    comment = "\n".join(line["text"] for line in symbol.get("docComment", {}).get("lines", []))
    if not comment:
        yield "has no doc comment"
    elif throws(symbol) and "- Throws:" not in comment:
        yield "throws, and its doc comment does not say what (`- Throws:`)"


def throws(symbol):
    """Whether a declaration throws by itself, not a function among its parameters, in its result or its value."""
    text = "".join(fragment["spelling"] for fragment in symbol["declarationFragments"])
    inner = None
    while inner != text:
        inner, text = text, re.sub(r"\([^()]*\)", "", text)
    head, _, accessors = text.partition("{")
    is_property = symbol["kind"]["identifier"].endswith("property")
    own = accessors if is_property else head.split("->")[0] + accessors
    return re.search(r"\bthrows\b", own) is not None


def name(symbol):
    return ".".join(symbol["pathComponents"])


def place(symbol):
    location = symbol.get("location")
    if not location:
        return "?"
    path = Path(unquote(urlparse(location["uri"]).path))
    path = path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path
    return f"{path}:{location['position']['line'] + 1}"


main()
