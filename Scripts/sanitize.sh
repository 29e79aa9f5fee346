#!/usr/bin/env bash
# Builds every test with a sanitizer, in a folder of its own, runs them, and fails where a test or the
# sanitizer finds something: in the tests, or in a command that they run.
#
# usage: [PART=1/4] [BUILT=1] Scripts/sanitize.sh address|thread|undefined [what to pass on to the tests, such as --filter TensorTests]
#
# address: memory that is not ours, or that was freed; leaks. Blocks of the memory pool are marked
#   (CKernels/memory_checks.c): what lies behind a tensor, and what was given back, is nobody's, and a new
#   tensor holds NaN. Leaks of libraries are listed in Tests/Sanitizers/leaks.supp. LeakSanitizer does not see
#   what an enum of Swift refers to, so all must be let go before a process ends, or it ends by _exit.
# thread: accesses of several threads that nothing orders. Kernels are compiled for the plain processor alone
#   (CKernels/multiversion.h), and the waiting of Swift's Mutex is announced (CKernels/mutex_interceptor.c).
# undefined: what C leaves undefined, in the kernels. There is no report: the process ends there, by SIGILL.
#
# The build is optimized: its tests take a fraction of the time, and what the optimizer frees early is seen. PART=2/4 runs
# the second quarter of the tests; BUILT=1 runs what was built for another part as it is. Tests that a sanitizer makes meaningless ask Sanitizer.isOn (Tests/Sanitizers).
set -euo pipefail
cd "$(dirname "$0")/.."

sanitizer=${1:-}
[ $# -gt 0 ] && shift
case $sanitizer in
    address) scratch=.build/asan flags=(--sanitize=address) ;;
    thread) scratch=.build/tsan flags=(--sanitize=thread) ;;
    # swift build has no name for it; traps need no library.
    undefined) scratch=.build/ubsan flags=(-Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined) ;;
    *) echo "usage: Scripts/sanitize.sh address|thread|undefined [arguments of the tests]" >&2; exit 2 ;;
esac

# Reports go to files, since tests read what a command writes, and expect some to fail.
reports=$PWD/$scratch/reports
rm -rf "$reports"
mkdir -p "$reports"
options="log_path=\"$reports/report\":exitcode=86"
export ASAN_OPTIONS=$options TSAN_OPTIONS=$options
[ "$(uname)" = Linux ] && ASAN_OPTIONS+=:detect_leaks=1
export LSAN_OPTIONS="suppressions=\"$PWD/Tests/Sanitizers/leaks.supp\":print_suppressions=0"

swift=${SWIFT:-swift}
flags+=(--disable-xctest -c release -Xswiftc -enable-testing --scratch-path "$scratch")
# Built once and run as it is: `swift test` builds in a way of its own, and again for a list of the tests.
[ -n "${BUILT:-}" ] || "$swift" build --build-tests "${flags[@]}"
folder=$("$swift" build --show-bin-path "${flags[@]}")
tests=("$folder"/*PackageTests.xctest)
[ -f "${tests[0]}" ] || { echo "error: $folder has no program of the tests; this script is for Linux" >&2; exit 1; }
run=("${tests[0]}" --testing-library swift-testing)
part=()
if [ -n "${PART:-}" ]; then
    [[ $PART =~ ^([1-9][0-9]*)/([1-9][0-9]*)$ ]] && ((BASH_REMATCH[1] <= BASH_REMATCH[2])) || {
        echo "PART is '$PART', not of the form 1/4" >&2
        exit 2
    }
    # The tests are dealt out one by one: neighbours in the list take about the same time.
    names=$("${run[@]}" --list-tests | grep -E '^[A-Za-z]+Tests\.' | sort -u |
        awk -v part="${BASH_REMATCH[1]}" -v count="${BASH_REMATCH[2]}" 'NR % count == part % count' |
        sed 's/[][().*+?^${}|\\]/\\&/g' | paste -s -d '|')
    part=(--filter "^($names)(/|\$)")
fi

status=0
"${run[@]}" "${part[@]}" "$@" || status=$?
if [ -n "$(ls "$reports")" ]; then
    cat "$reports"/* >&2
    echo "error: the $sanitizer sanitizer found something; see the reports above, or in $scratch/reports" >&2
    exit 1
fi
exit $status
