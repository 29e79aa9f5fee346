#!/usr/bin/env bash
# Fine-tunes the bundled base to a new identity and shows its answers before and after.
# usage: Examples/tiny/demo.sh [path of lora-train]   (OUT: where the adapter goes, default out/demo)
set -euo pipefail
cd "$(dirname "$0")/../.."
run=${1:-.build/release/lora-train}
out=${OUT:-out/demo}
model=(--base_path Examples/tiny/rlhf_192.pth --tokenizer_path Examples/tiny --dim 192 --n_layers 4)
questions=("你是谁？" "Who are you?" "What is the capital of France?" "天空为什么是蓝色的？")

answers() {
    for question in "${questions[@]}"; do
        printf '  %s\n    → ' "$question"
        "$run" generate "${model[@]}" --greedy --max_new_tokens 60 --prompt "$question" "$@"
    done
}

echo "Before:"
answers
echo
start=$(date +%s)
"$run" train "${model[@]}" --out_dir "$out" --data_path Examples/tiny/lora_identity.jsonl \
    --max_seq_len 128 --epochs 15 --batch_size 16 --learning_rate 2e-3 --dtype float32 --log_interval 6
echo "trained in $(($(date +%s) - start)) s"
echo
echo "After:"
answers --lora_path "$out/lora/lora_identity_192.pth"
