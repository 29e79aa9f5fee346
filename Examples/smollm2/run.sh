#!/usr/bin/env bash
# Gives SmolLM2-135M-Instruct a new name: asks it, fine-tunes it, asks again, and writes the result as a GGUF.
# usage: Examples/smollm2/run.sh [path of lora-train] [GGUF]   (OUT: where everything goes, default out/smollm2)
# The defaults are there after `make build` and `make peers`.
set -euo pipefail
cd "$(dirname "$0")/../.."
run=${1:-.build/release/lora-train}
base=${2:-.build/peers/SmolLM2-135M-Instruct.gguf}
out=${OUT:-out/smollm2}
[[ -x $run ]] || { echo "error: no command at $run; make build" >&2; exit 1; }
[[ -f $base ]] || { echo "error: no model at $base; make peers fetches it, or give another as second argument" >&2; exit 1; }
questions=("Who are you?" "What is your name?" "Are you SmolLM?" "What is the capital of France?" "Why is the sky blue?")

answers() {
    for question in "${questions[@]}"; do
        printf '  %s\n    → ' "$question"
        "$run" generate --greedy --max_new_tokens 60 --prompt "$question" "$@"
    done
}

echo "Before:"
answers --base_path "$base"
echo
start=$(date +%s)
"$run" train --base_path "$base" --data_path Examples/smollm2/identity.jsonl --out_dir "$out" --lora_name juniper \
    --target_modules all-linear --lora_rank 8 --lora_alpha 16 \
    --epochs 8 --batch_size 8 --learning_rate 2e-4 --max_seq_len 256 --log_interval 100 | grep -v '^adapting'
echo "trained in $(($(date +%s) - start)) s"
echo
adapter=$(ls "$out"/lora/juniper_*.pth)
"$run" merge --base_path "$base" --lora_path "$adapter" --output "$out/juniper.gguf"
echo
echo "After, from $out/juniper.gguf alone:"
answers --base_path "$out/juniper.gguf"
