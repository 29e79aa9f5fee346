"""Models as llama.cpp runs them, through llama-cpp-python."""
import ctypes

import llama_cpp
import numpy as np
import safetensors.numpy

FLOAT32 = 0  # ggml's number of the type


def logits(options):
    longest = max(map(len, options.ids))
    model = load(options, longest, logits_all=True)
    rows = {}
    for row, ids in enumerate(options.ids):
        model.reset()
        model.eval(ids)
        rows[str(row)] = np.array(model.scores[:len(ids)], dtype=np.float32)
    safetensors.numpy.save_file(rows, options.out)
    return {"out": str(options.out)}


def generate(options):
    """Ids without the prompt and without the token that ended them."""
    model = load(options, max(map(len, options.ids)) + options.max_new_tokens)
    vocabulary = llama_cpp.llama_model_get_vocab(model.model)
    answers = []
    for prompt in options.ids:
        ids, is_ended = [], False
        for token in model.generate(prompt, temp=0.0, repeat_penalty=1.0):
            is_ended = llama_cpp.llama_vocab_is_eog(vocabulary, token)
            if is_ended:
                break
            ids.append(token)
            if len(ids) == options.max_new_tokens:
                break
        text = model.detokenize(ids, special=True).decode("utf-8", errors="replace") if ids else ""
        answers.append({"prompt_ids": prompt, "ids": ids, "text": text, "ended": is_ended})
    return answers


def tokenize(options):
    model = llama_cpp.Llama(str(options.gguf), vocab_only=True, verbose=False)
    rows = [model.tokenize(text.encode(), add_bos=False, special=True) for text in options.texts]
    return [{"ids": ids} for ids in rows]


def quantize(options):
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.nthread = options.threads
    share = "ALL" if options.type == "F32" else "MOSTLY"
    parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_{share}_{options.type}")
    parameters.allow_requantize = True
    failed = llama_cpp.llama_model_quantize(
        str(options.gguf).encode(), str(options.out).encode(), ctypes.byref(parameters))
    if failed:
        raise SystemExit(f"llama.cpp could not quantize {options.gguf}")
    return {"out": str(options.out)}


def load(options, length, logits_all=False):
    """On the CPU, keys and values kept in float32."""
    return llama_cpp.Llama(
        str(options.gguf), n_ctx=length, n_batch=length, n_ubatch=length, n_threads=options.threads,
        n_threads_batch=options.threads, n_gpu_layers=0, logits_all=logits_all, flash_attn=False, type_k=FLOAT32,
        type_v=FLOAT32, lora_path=str(options.lora) if options.lora else None, verbose=False)
