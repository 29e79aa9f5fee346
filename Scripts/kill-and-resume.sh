#!/usr/bin/env bash
# Kills a training run with SIGKILL at random moments, resumes it each time, and compares: the adapter must be that of
# the run that nobody disturbed, bit for bit, and no file may ever be unreadable.
#
# usage: kill-and-resume.sh COMMAND [RUNS [KILLS]]     (defaults: 50 runs of 1 kill each)
set -euo pipefail
cd "$(dirname "$0")/.."
command=${1:?usage: kill-and-resume.sh COMMAND [RUNS [KILLS]]}
runs=${2:-50}
kills=${3:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

recipe=(--base_path Examples/tiny/rlhf_192.pth --tokenizer_path Examples/tiny
    --data_path Examples/tiny/lora_identity.jsonl --epochs 4 --learning_rate 2e-3 --shuffle --lora_dropout 0.1
    --accumulation_steps 2 --batch_size 4 --save_steps 2)

# The same steps with the same losses, whatever they took.
steps() { grep '^{"step"' "$1" | cut -d, -f1-6; }

started=$(date +%s%N)
"$command" "${recipe[@]}" --out_dir "$work/whole" >/dev/null
whole=$work/whole/lora/lora_identity_192
duration=$((($(date +%s%N) - started) / 1000000))
echo "the undisturbed run takes $duration ms"

for ((run = 1; run <= runs; run++)); do
    folder=$work/killed
    rm -rf "$folder"
    moments=()
    for ((kill = 0; kill < kills; kill++)); do
        moment=$((RANDOM * 32768 + RANDOM))
        moment=$((moment % duration))
        moments+=("$moment")
        "$command" "${recipe[@]}" --out_dir "$folder" --resume auto >/dev/null 2>&1 &
        pid=$!
        sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        # Whatever is there must be whole.
        while IFS= read -r file; do
            "$command" inspect "$file" >/dev/null || { echo "run $run: $file cannot be read after a kill at $moment ms" >&2; exit 1; }
        done < <(find "$folder" \( -name '*.pth' -o -name '*.safetensors' \) -not -name '.*' 2>/dev/null)
    done
    "$command" "${recipe[@]}" --out_dir "$folder" --resume auto >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    left=$(find "$folder" -name '.*.tmp' | head -1)
    [ -z "$left" ] || { echo "run $run: $left was left behind" >&2; exit 1; }
    resumed=$(grep -cE '^resuming|is the end of the run' "$work/log" || true)
    cmp "$whole.pth" "$folder/lora/lora_identity_192.pth" || { echo "run $run: another adapter after kills at ${moments[*]} ms" >&2; exit 1; }
    diff <(steps "$whole.metrics.jsonl") <(steps "$folder/lora/lora_identity_192.metrics.jsonl") >/dev/null ||
        { echo "run $run: other metrics after kills at ${moments[*]} ms" >&2; exit 1; }
    echo "run $run: killed at ${moments[*]} ms, $([ "$resumed" = 1 ] && echo resumed || echo 'begun again'): the same adapter and losses"
done
echo "all $runs runs ended with the same adapter"
