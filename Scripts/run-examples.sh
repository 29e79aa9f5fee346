#!/usr/bin/env bash
# Builds the package that depends on this one, in release and from nothing but its sources, and runs its programs. A
# warning fails it, and so does a program that taught the model nothing.
# usage: Scripts/run-examples.sh [folder for the build]   (default Examples/CustomFineTune/.build)
set -euo pipefail
cd "$(dirname "$0")/../Examples/CustomFineTune"
scratch=${1:-.build}
swift=${SWIFT:-swift}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$swift" build -c release --scratch-path "$scratch" 2>&1 | tee "$work/build"
if grep -E 'warning:|error:' "$work/build" >&2; then
    echo "error: the build of the examples has warnings" >&2
    exit 1
fi

# The share of right answers in the line that begins with a word: "after: loss 0.1, 18 of 20 right".
right() { sed -nE "s/^$1: (.*, )?([0-9]+) of ([0-9]+) right$/\2 \3/p" "$work/out"; }

learnt() { # PROGRAM LEAST: at least so many percent are right after, and fewer were before
    read -r before _ < <(right before)
    read -r after all < <(right after)
    ((after > before && 100 * after >= $2 * all)) || { echo "error: $1 had $before right before, $after of $all after" >&2; exit 1; }
}

echo "== CustomFineTune"
"$scratch/release/CustomFineTune" ../tiny "$work" | tee "$work/out"
learnt CustomFineTune 80
[ -s "$work/capitals_192.pth" ] && [ -s "$work/answering_192.pth" ] || { echo "error: files are missing" >&2; exit 1; }
echo "== Classifier"
"$scratch/release/Classifier" ../tiny | tee "$work/out"
learnt Classifier 75
echo "== Preferences"
"$scratch/release/Preferences" ../tiny | tee "$work/out"
learnt Preferences 75
