#!/bin/sh
# Makes everything in this folder that is made: the corpus, the tokenizer and
# the base model. Run it from anywhere; it takes minutes on two cores.
#
#   PYTHON   a Python 3.9 or later with `tokenizers` installed (default python3)
#   OUT      where the training writes (default out/tiny under the package)
#
# Arguments go to lora-train, for example: make_base.sh --threads 4
set -eu

folder=$(cd "$(dirname "$0")" && pwd)
cd "$folder/../.."
python=${PYTHON:-python3}
out=${OUT:-out/tiny}
dim=192

if ! "$python" -c 'import tokenizers' 2>/dev/null; then
    echo "make_base.sh: $python has no module tokenizers; try: $python -m pip install tokenizers," >&2
    echo "or name another Python: PYTHON=.venv/bin/python $0" >&2
    exit 1
fi

"$python" Examples/tiny/make_corpus.py
"$python" Examples/tiny/make_tokenizer.py

swift run -c release lora-train train --full True --init random \
    --out_dir "$out" --lora_name full --save_dtype float16 \
    --dim "$dim" --n_layers 4 --n_heads 8 --n_kv_heads 2 \
    --data_path Examples/tiny/corpus.jsonl --tokenizer_path Examples/tiny \
    --max_seq_len 128 --epochs 8 --batch_size 32 --learning_rate 2e-3 --warmup_iters 200 \
    --grad_clip 1.0 --dtype float32 --seed 1337 "$@"

mv "$out/full_$dim.pth" "Examples/tiny/rlhf_$dim.pth"
mv "$out/full_$dim.json" "Examples/tiny/rlhf_$dim.json"
echo "Examples/tiny/rlhf_$dim.pth is made."
