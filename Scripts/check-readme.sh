#!/usr/bin/env bash
# Says whether the flag table in README.md is the one that the command prints.
# usage: Scripts/check-readme.sh path/of/lora-train
set -euo pipefail
cd "$(dirname "$0")/.."
diff <("$1" help --markdown train) <(sed -n '/<!-- flags -->/,/<!-- end of flags -->/p' README.md | grep '^|') || {
    echo "error: the flag table in README.md is not that of the command; put in: lora-train help --markdown train" >&2
    exit 1
}
