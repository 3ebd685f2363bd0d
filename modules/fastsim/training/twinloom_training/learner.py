"""What every learner has: a state that checkpoints keep, averaged weights, a schedule, a device."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from .errors import RecipeError


class Learner(ABC):
    """What a family gives to the loop. `parts` names the attributes that training changes: networks, averages,
    optimizers, random generators of its own."""

    parts: tuple[str, ...]

    @abstractmethod
    def step(self, step: int, progress: float) -> dict[str, float]:
        """One step at `progress` (0 to 1) of the budget; the losses to show."""

    @abstractmethod
    def validate(self, step: int) -> dict[str, float]:
        """Metrics on the validation split; `score`, lower is better, chooses the checkpoint."""

    def state_dict(self) -> dict[str, Any]:
        every = {name: getattr(self, name) for name in self.parts}
        return {
            name: part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
            for name, part in every.items()
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in self.parts:
            part = getattr(self, name)
            (part.set_state if isinstance(part, torch.Generator) else part.load_state_dict)(state[name])


class Average:
    """Exponential moving average of a network's weights: what is validated and exported."""

    def __init__(self, network: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, network: torch.nn.Module, step: int) -> None:
        """Follows quickly at first: the weights of the start are not worth remembering."""
        decay = min(self.decay, (1.0 + step) / (10.0 + step))
        own, other = list(self.network.parameters()), [p.detach() for p in network.parameters()]
        torch._foreach_mul_(own, decay)
        torch._foreach_add_(own, other, alpha=1.0 - decay)
        for mine, theirs in zip(self.network.buffers(), network.buffers()):
            mine.copy_(theirs)

    def state_dict(self) -> dict[str, Any]:
        return self.network.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state)


def learning_rate(peak: float, progress: float, step: int, warm_up: int = 500, last: float = 0.01) -> float:
    """Linear warm-up over steps, then a half cosine over the budget down to `last` of the peak."""
    rise = min(1.0, (step + 1) / warm_up)
    return peak * rise * (last + (1.0 - last) * 0.5 * (1.0 + math.cos(math.pi * progress)))


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def choose_device(name: str) -> torch.device:
    """The device by name; "auto" takes a GPU where there is one."""
    has_gpu = torch.cuda.is_available()
    if name == "cuda" and not has_gpu:
        raise RecipeError("--device cuda: PyTorch sees no GPU here. Take --device cpu, or a PyTorch with CUDA.")
    if name == "auto":
        name = "cuda" if has_gpu else "cpu"
    if name == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = True
    return torch.device(name)


def autocast(device: torch.device, on_cpu: bool = False) -> AbstractContextManager[None]:
    """bfloat16 products on a GPU; plain float32 on a CPU unless asked (processors with bfloat16 instructions train
    about twice as fast with it)."""
    wanted = device.type == "cuda" or on_cpu
    return torch.autocast(device.type, torch.bfloat16) if wanted else nullcontext()
