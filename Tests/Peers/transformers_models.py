"""Models and tokenizers as Hugging Face transformers reads them."""
import json

import safetensors.torch
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

transformers.utils.logging.disable_progress_bar()


def logits(options):
    model = load_model(options)
    with torch.inference_mode():
        rows = {str(row): model(torch.tensor([ids])).logits[0].contiguous() for row, ids in enumerate(options.ids)}
    safetensors.torch.save_file(rows, options.out)
    return {"out": str(options.out), "parameters": sum(parameter.numel() for parameter in model.parameters())}


def generate(options):
    """Ids without the prompt and without the token that ended them."""
    tokenizer, model = load_tokenizer(options.model, options.gguf), load_model(options)
    ends = ending_tokens(model)
    answers = []
    for messages in map(conversation, options.prompts):
        prompt = chat_ids(tokenizer, messages)
        with torch.inference_mode():
            ids = model.generate(
                torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False,
                max_new_tokens=options.max_new_tokens, pad_token_id=next(iter(ends), 0))[0, len(prompt):].tolist()
        is_ended = bool(ids) and ids[-1] in ends
        ids = ids[:-1] if is_ended else ids
        answers.append({
            "prompt_ids": prompt, "ids": ids, "text": tokenizer.decode(ids, clean_up_tokenization_spaces=False),
            "ended": is_ended})
    return answers


def tokenize(options):
    tokenizer = load_tokenizer(options.tokenizer, options.gguf)
    if options.chat:
        rows = [chat_ids(tokenizer, conversation(text)) for text in options.texts]
    else:
        rows = [tokenizer.encode(text, add_special_tokens=False) for text in options.texts]
    return [{"ids": ids, "text": tokenizer.decode(ids, clean_up_tokenization_spaces=False)} for ids in rows]


def make_model(options):
    torch.manual_seed(options.seed)
    configuration = {
        "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
        "intermediate_size": 128, "vocab_size": 320, "max_position_embeddings": 256, "bos_token_id": 1,
        "eos_token_id": 2, "pad_token_id": 0, "tie_word_embeddings": not options.untied, "initializer_range": 0.1}
    if options.kind == "qwen3_moe":
        configuration |= {
            "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 48, "norm_topk_prob": True,
            "decoder_sparse_step": 1, "mlp_only_layers": []}
    kinds = {
        "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
        "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
        "qwen3_moe": (transformers.Qwen3MoeConfig, transformers.Qwen3MoeForCausalLM),
    }
    make_configuration, make = kinds[options.kind]
    model = make(make_configuration(**{**configuration, **options.config}))
    for name, parameter in model.named_parameters():
        if "norm" in name:  # ones would hide a norm that is not read
            torch.nn.init.normal_(parameter, mean=1.0, std=0.1)
    model = model.to(getattr(torch, options.dtype))
    size = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    model.save_pretrained(options.out, max_shard_size=size if options.shards == 1 else -(-size // options.shards))
    if options.published:
        publish(options.out / "config.json")
    return {"out": str(options.out), "files": sorted(path.name for path in options.out.iterdir())}


def publish(path):
    """Names of entries as transformers 4 wrote them, which most folders have and mlx-lm reads."""
    entries = json.loads(path.read_text())
    rope = entries.pop("rope_parameters")
    entries["rope_theta"] = rope.pop("rope_theta")
    if rope.get("rope_type", "default") != "default":
        entries["rope_scaling"] = rope
    entries["torch_dtype"] = entries.pop("dtype")
    if "num_local_experts" in entries:
        entries["num_experts"] = entries.pop("num_local_experts")
    path.write_text(json.dumps(entries, indent=2))


def load_model(options):
    """Float32, with the PEFT adapter where there is one."""
    folder, file = place(getattr(options, "model", None), getattr(options, "gguf", None))
    torch.set_num_threads(options.threads)
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True, **file)
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if report.get(what):
            raise SystemExit(f"transformers reports {what}: {sorted(report[what])}")
    if getattr(options, "adapter", None):
        import peft_adapters

        model = peft_adapters.load(model, options.adapter)
    return model.eval()


def load_tokenizer(model, gguf):
    folder, file = place(model, gguf)
    return AutoTokenizer.from_pretrained(folder, **file)


def place(model, gguf):
    return (model, {}) if model else (gguf.absolute().parent, {"gguf_file": gguf.name})


def conversation(prompt):
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def chat_ids(tokenizer, messages):
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]


def ending_tokens(model):
    end = model.generation_config.eos_token_id
    return {end} if isinstance(end, int) else set(end or ())
