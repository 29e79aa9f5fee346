"""Makes adamw.json: steps of torch.optim.AdamW with other numbers than its defaults, and the rates of transformers' schedules.

    .build/peers/venv/bin/python Tests/TrainingTests/Fixtures/make_adamw.py
"""

import json
import pathlib

import torch
import transformers

GRADIENTS = [[0.5, -1, 0], [0.25, 3, 1e-3], [-2, 0.125, 0], [1, 1, -5]]


def trained(**numbers):
    parameter = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
    optimizer = torch.optim.AdamW([parameter], lr=0.1, **numbers)
    course = []
    for gradient in GRADIENTS:
        parameter.grad = torch.tensor(gradient, dtype=torch.float32)
        optimizer.step()
        course.append(parameter.tolist())
    return course


def rates(make, **settings):
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=2e-3)
    schedule = make(optimizer, **settings)
    values = []
    for _ in range(10):
        values.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return values


cases = [
    {"weight_decay": 0.0}, {"weight_decay": 0.3}, {"betas": (0.5, 0.9)}, {"betas": (0.0, 0.999)}, {"betas": (0.2, 0.5)},
    {"eps": 1e-3}, {"weight_decay": 0.1, "betas": (0.8, 0.95), "eps": 1e-6},
]
linear, constant = transformers.get_linear_schedule_with_warmup, transformers.get_constant_schedule_with_warmup
result = {
    "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    "gradients": GRADIENTS,
    "steps": [
        {
            "weight_decay": case.get("weight_decay", 0.01), "beta1": case.get("betas", (0.9, 0.999))[0],
            "beta2": case.get("betas", (0.9, 0.999))[1], "eps": case.get("eps", 1e-8), "course": trained(**case),
        }
        for case in cases
    ],
    "schedules": [
        {"name": name, "warmup": warmup, "rates": rates(make, num_warmup_steps=warmup, **extra)}
        for name, make, extra in [("linear", linear, {"num_training_steps": 10}), ("constant", constant, {})]
        for warmup in (0, 3)
    ],
}
path = pathlib.Path(__file__).parent / "adamw.json"
path.write_text(json.dumps(result, indent=1) + "\n")
