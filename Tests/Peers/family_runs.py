"""Models of every family that the fixtures of ModelTests have, trained by PyTorch as lora-train was."""
import importlib.util
from pathlib import Path

import torch
import transformers
from peft import PeftModel

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

FIXTURES = Path(__file__).parent.parent / "ModelTests/Fixtures/families/make_fixtures.py"


def make(options):
    """A folder a case, as wide as its fixture, for a vocabulary of texts."""
    spec = importlib.util.spec_from_file_location("make_fixtures", FIXTURES)
    fixtures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fixtures)
    answers = []
    for name, (class_name, settings, has_gguf) in sorted(fixtures.CASES.items()):
        model_class = getattr(transformers, class_name)
        torch.manual_seed(0)
        sizes = fixtures.SIZES | dict(vocab_size=options.vocabulary, max_position_embeddings=256)
        model = fixtures.fill(model_class(model_class.config_class(**(sizes | settings))).float())
        model.save_pretrained(options.out / name)
        answers.append({"name": name, "gguf": has_gguf})
    return answers


def run(options):
    """Losses of a base, of the steps of a training from an adapter, and of a merged folder.

    Each run has `model`, `start` (a PEFT folder), `merged`, the rates of its steps, and how many samples a step takes."""
    samples = [(torch.tensor([sample["ids"]]), torch.tensor(sample["mask"][1:]).bool()) for sample in options.samples]
    return [answer(case, samples) for case in options.runs]


def answer(case, samples):
    base = load(case["model"])
    with torch.no_grad():
        answer = {"base": mean_loss(base, samples).item(), "merged": mean_loss(load(case["merged"]), samples).item()}
    model = PeftModel.from_pretrained(base, case["start"], is_trainable=True)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters)
    answer["steps"] = []
    for step, rate in enumerate(case["rates"]):
        loss = mean_loss(model, samples[step * case["size"]:(step + 1) * case["size"]])
        answer["steps"].append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
    return answer


def load(folder):
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def mean_loss(model, samples):
    total, count = 0.0, 0
    for ids, mask in samples:
        forget_lengths(model)
        scores = model(input_ids=ids, use_cache=False).logits[0, :-1].float().log_softmax(-1)
        total = total - scores.gather(1, ids[0, 1:, None])[:, 0][mask].sum()
        count += int(mask.sum())
    return total / count


def forget_lengths(model):
    """Has the next text the angles of its own length: a dynamic scaling keeps those of a longer text before it."""
    for module in model.modules():
        if hasattr(module, "max_seq_len_cached") and hasattr(module, "original_inv_freq"):
            module.inv_freq = module.original_inv_freq.clone()
            module.max_seq_len_cached = module.original_max_seq_len
