"""Models and adapters as mlx-lm reads them, on the CPU."""
import json

import mlx.core as mx
import safetensors.mlx
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters
from mlx_lm.utils import load_model

# Without this MLX asks for a C++ compiler while it runs.
mx.disable_compile()
mx.set_default_device(mx.cpu)


def logits(options):
    model = load(options.model)
    if options.adapter:
        model = load_adapters(model, str(options.adapter))
        model.eval()
        require_all(model, options.adapter)
    rows = {str(row): model(mx.array([ids]))[0].astype(mx.float32) for row, ids in enumerate(options.ids)}
    safetensors.mlx.save_file(rows, options.out)
    return {"out": str(options.out)}


def make(options):
    model = load(options.model)
    layers = len(model.layers) if options.layers < 0 else options.layers
    parameters = {"rank": options.rank, "scale": options.scale, "dropout": 0.0, "keys": options.keys.split(",")}
    linear_to_lora_layers(model, layers, parameters, use_dora=options.dora)
    mx.random.seed(options.seed)
    tensors = {
        name: tensor * (1 + 0.1 * mx.random.normal(tensor.shape)) if name.endswith(".m")
        else 0.1 * mx.random.normal(tensor.shape)
        for name, tensor in adapter_parameters(model).items()}
    options.out.mkdir(parents=True, exist_ok=True)
    safetensors.mlx.save_file(tensors, options.out / "adapters.safetensors")
    (options.out / "adapter_config.json").write_text(json.dumps({
        "fine_tune_type": "dora" if options.dora else "lora", "num_layers": layers, "lora_parameters": parameters}))
    return {"out": str(options.out), "keys": sorted(tensors)}


def load(folder):
    """Float32."""
    model, _ = load_model(folder)
    model.set_dtype(mx.float32)
    return model


def require_all(model, folder):
    """mlx-lm refuses names it does not know, but keeps its own factors where the file has none: these do nothing while
    B is zero, as a new one is."""
    parameters = adapter_parameters(model)
    absent = parameters.keys() - mx.load(str(folder / "adapters.safetensors")).keys()
    idle = {name.removesuffix("lora_b") for name in absent if name.endswith("lora_b") and not parameters[name].any()}
    lacking = [name for name in absent if name.rpartition(".")[0] + "." not in idle]
    if lacking:
        raise SystemExit(f"{folder} lacks {sorted(lacking)}")


def adapter_parameters(model):
    return {
        name: tensor for name, tensor in tree_flatten(model.parameters())
        if name.rsplit(".", 1)[-1] in ("lora_a", "lora_b", "m")}
