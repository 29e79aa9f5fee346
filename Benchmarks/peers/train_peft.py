"""LoRA of Hugging Face PEFT on a Llama of SmolLM2-135M's shape with random weights, timed.

Rank 16 on q_proj and o_proj, rows filled to the batch's longest. Prints one line of JSON.
"""
import time

STARTED = time.perf_counter()

import argparse
import os

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

import recipe
import samples
from stopwatch import Stopwatch

UNCOUNTED = -100


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data_path", required=True)
    parser.add_argument("--tokenizer_path", required=True)
    parser.add_argument("--batch_size", type=int, default=8)
    parser.add_argument("--max_seq_len", type=int, default=512)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="bfloat16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=8)
    return parser.parse_args()


def adapted_model():
    model = LlamaForCausalLM(LlamaConfig(
        hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
        intermediate_size=1536, vocab_size=49152, max_position_embeddings=8192,
        tie_word_embeddings=True, use_cache=False))
    return get_peft_model(model, LoraConfig(
        r=16, lora_alpha=16, lora_dropout=0.0, target_modules=["q_proj", "o_proj"], task_type="CAUSAL_LM"))


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1337)
    model = adapted_model()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=5e-5)
    rows = samples.read(options.data_path, options.tokenizer_path, options.max_seq_len)
    precision = recipe.precision(options.dtype)

    def step(ids, mask):
        with precision:
            loss = model(input_ids=ids, labels=ids.masked_fill(mask == 0, UNCOUNTED)).loss
        return recipe.optimize(loss, trained, optimizer)

    stopwatch = Stopwatch(STARTED)
    last_loss = stopwatch.run(options.steps, samples.batches(rows, options.batch_size), step)
    stopwatch.report(last_loss)


if __name__ == "__main__":
    main()
