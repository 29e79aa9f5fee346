#!/usr/bin/env bash
# Times a step of the default recipe here and in PyTorch, in turn, on the same data and base.
# usage: compare-with-pytorch.sh PYTHON ORACLE_DIR BASE.pth DATA.jsonl TOKENIZER_DIR [ROUNDS]
# ORACLE_DIR holds torch_peer.py; PYTHON has torch and transformers. Prints seconds a step (medians).
set -euo pipefail
python=$1 oracle=$2 base=$3 data=$4 tokenizer=$5 rounds=${6:-2}
run=$(cd "$(dirname "$0")/.." && pwd)/.build/release/lora-train
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
for _ in $(seq "$rounds"); do
    (cd "$oracle" && "$python" torch_peer.py "$base" "$data" "$tokenizer" --trim 1 --bf16 0)
    "$run" --out_dir "$out" --base_path "$base" --tokenizer_path "$tokenizer" --data_path "$data" \
        --epochs 2 --dtype float32 --log_interval 1000 >/dev/null
    sed -n 's/.*"seconds":\([0-9.e-]*\).*/\1/p' "$out"/lora/*.metrics.jsonl | tail -n +3 | sort -g |
        awk '{ s[NR] = $1 } END { print "lora-train: median " s[int((NR + 1) / 2)] " s, least " s[1] " s, " NR " steps" }'
done
