"""The two stages of training the shape network of the GAN, as learners of `train_loop`.

`train` runs both: the warm start by likelihood (`warm.py`), then the critics. Checkpoints are chosen by the physics
score on the validation split, with the layer energies and counts of the data, so it judges the shape network alone.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from .critics import Critics, View
from .data import Batch, ShowerSet, load
from .features import physics_score
from .gan import ShapeNetwork, random_uniform
from .gate import decode
from .train_loop import Average, LoopSettings, choose_device, learning_rate, load_state, set_learning_rate, train_loop
from .warm import Encoder, evidence_bound

VALIDATION_SEED = 20
PIECE = 500


@torch.no_grad()
def generate(network: ShapeNetwork, batch: Batch, seed: int = VALIDATION_SEED) -> Tensor:
    """Showers for the conditions of a batch, in pieces, the noise from a seed of its own."""
    network.eval()
    rng = torch.Generator().manual_seed(seed)
    pieces = []
    for first in range(0, len(batch.energy_mev), PIECE):
        part = Batch(*(value[first : first + PIECE] for value in batch))
        size = len(part.energy_mev)
        normal = torch.randn(size, network.normals, generator=rng).to(part.showers.device)
        uniform = random_uniform(size, generator=rng).to(part.showers.device)
        pieces.append(network(part, normal, uniform))
    return torch.cat(pieces)


class _Shared:
    """What both stages have: the data, the random numbers of the batches, the validation."""

    def __init__(self, config: dict[str, Any], train: ShowerSet, validation: ShowerSet, device: torch.device) -> None:
        self.train_set, self.device = train, device
        self.rng = torch.Generator().manual_seed(int(config.get("seed", 1)))
        count = min(len(validation), int(config.get("validation_showers", 4000)))
        chosen = torch.linspace(0, len(validation) - 1, count).long()
        self.reference = validation.batch(chosen)

    def next_batch(self, size: int) -> Batch:
        return self.train_set.batch(torch.randint(len(self.train_set), (size,), generator=self.rng), self.rng)

    def score(self, network: ShapeNetwork) -> dict[str, float]:
        reference = self.reference
        ours = SimpleNamespace(showers=generate(network, reference), energy_mev=reference.energy_mev)
        return physics_score(ours, reference)


class WarmLearner(_Shared):
    """The variational warm start. Keys of `warm`: `batch`, `rate`, `average`, `encoder_width`."""

    def __init__(self, config: dict[str, Any], train: ShowerSet, validation: ShowerSet, device: torch.device) -> None:
        super().__init__(config, train, validation, device)
        settings = config.get("warm", {})
        self.size, self.rate = int(settings.get("batch", 128)), float(settings.get("rate", 2e-3))
        self.network = ShapeNetwork(config.get("shape")).to(device)
        self.encoder = Encoder(self.network, int(settings.get("encoder_width", 128))).to(device)
        self.average = Average(self.network, float(settings.get("average", 0.999)))
        self.parameters = [*self.network.parameters(), *self.encoder.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, self.rate, betas=(0.9, 0.99))

    def step(self, step: int, progress: float) -> dict[str, float]:
        set_learning_rate(self.optimizer, learning_rate(self.rate, progress, step, warm_up=100))
        # Cheap normals at first, so that they are used at all; the true bound from half-way on.
        weight = min(1.0, 0.2 + 1.6 * progress)
        loss, seen = evidence_bound(self.network, self.encoder, self.next_batch(self.size), weight)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 5.0)
        self.optimizer.step()
        self.average.update(self.network, step)
        return seen

    def validate(self, step: int) -> dict[str, float]:
        return self.score(self.average.network)

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(), "encoder": self.encoder.state_dict(),
            "average": self.average.network.state_dict(), "optimizer": self.optimizer.state_dict(),
            "rng": self.rng.get_state(),
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.encoder.load_state_dict(state["encoder"])
        self.average.network.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.set_state(state["rng"])


class AdversarialLearner(_Shared):
    """The critics' turn. Keys of `adversarial`: `batch`, `rate`, `critic_rate`, `average`, `temperature`,
    `critic_warm_up` (steps of the critics alone), `anchor` (weight of the likelihood, in nats per hit cell, that keeps
    the network near its warm start while the critics are still learning; zero: none), `energies_only` (the critics
    train the last layers of the energies and leave the gate as the likelihood made it: their gradient to the energies
    is exact, that to the gate is not, and a short training has no time to average its error away)."""

    def __init__(
        self,
        config: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        device: torch.device,
        start: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(config, train, validation, device)
        settings = config.get("adversarial", {})
        self.size, self.rate = int(settings.get("batch", 128)), float(settings.get("rate", 2e-4))
        self.critic_rate = float(settings.get("critic_rate", 4e-4))
        self.temperature = float(settings.get("temperature", 1.0))
        self.critic_warm_up = int(settings.get("critic_warm_up", 200))
        self.network = ShapeNetwork(config.get("shape")).to(device)
        self.anchor = float(settings.get("anchor", 0.0))
        self.encoder = Encoder(self.network, int(config.get("warm", {}).get("encoder_width", 128))).to(device)
        if start is not None:
            self.network.load_state_dict(start["average"])
            self.encoder.load_state_dict(start["encoder"])
        self.average = Average(self.network, float(settings.get("average", 0.995)))
        self.critics = Critics(config.get("critics")).to(device)
        self.critics.fit(self.reference.showers, self.reference)
        self.energies_only = bool(settings.get("energies_only", False))
        if self.energies_only:
            moved = ("rings", "cells", "curve", "energy_plane", "energy_depth")
            for name, parameter in self.network.named_parameters():
                parameter.requires_grad_(name.startswith(moved))
        self.parameters = [*self.network.parameters(), *(self.encoder.parameters() if self.anchor else [])]
        self.optimizer = torch.optim.Adam(self.parameters, self.rate, betas=(0.5, 0.99))
        self.critic_optimizer = torch.optim.Adam(self.critics.parameters(), self.critic_rate, betas=(0.5, 0.99))

    def step(self, step: int, progress: float) -> dict[str, float]:
        set_learning_rate(self.optimizer, learning_rate(self.rate, progress, step - self.critic_warm_up, 200, 0.1))
        set_learning_rate(self.critic_optimizer, learning_rate(self.critic_rate, progress, step, 100, 0.1))
        batch = self.next_batch(self.size)
        normal = torch.randn(self.size, self.network.normals, device=self.device)
        uniform = random_uniform(self.size, self.device)
        generating = step >= self.critic_warm_up
        with torch.set_grad_enabled(generating):
            scores, log_energy = self.network.draw(self.network.fields(batch, normal), uniform)
            scores = scores.detach() if self.energies_only else scores
            fake = View(*decode(scores, log_energy, batch.layer_energy, batch.layer_count, self.temperature))
        loss, seen = self.critics.discriminator_loss(batch.showers, fake, batch, step)
        self.critic_optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.critic_optimizer.step()
        seen = {"critic": float(loss), **seen}
        if generating:
            self.critics.requires_grad_(False)
            loss = self.critics.generator_loss(batch.showers, fake, batch)
            self.optimizer.zero_grad(set_to_none=True)
            seen["generator"] = float(loss)
            if self.anchor:
                bound, parts = evidence_bound(self.network, self.encoder, batch)
                loss, seen["likelihood"] = loss + self.anchor * bound, parts["loss"]
            loss.backward()
            self.critics.requires_grad_(True)
            seen["gradient"] = float(torch.nn.utils.clip_grad_norm_([p for p in self.parameters if p.grad is not None], 50.0))
            self.optimizer.step()
            self.average.update(self.network, step - self.critic_warm_up)
        return seen

    def validate(self, step: int) -> dict[str, float]:
        return self.score(self.average.network)

    def state_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(), "encoder": self.encoder.state_dict(),
            "critics": self.critics.state_dict(),
            "average": self.average.network.state_dict(), "optimizer": self.optimizer.state_dict(),
            "critic_optimizer": self.critic_optimizer.state_dict(), "rng": self.rng.get_state(),
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.encoder.load_state_dict(state["encoder"])
        self.critics.load_state_dict(state["critics"])
        self.average.network.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.critic_optimizer.load_state_dict(state["critic_optimizer"])
        self.rng.set_state(state["rng"])


def loop_settings(settings: dict[str, Any]) -> LoopSettings:
    """The keys of a stage that the loop knows."""
    return LoopSettings(**{key: settings[key] for key in LoopSettings.__dataclass_fields__ if key in settings})


def train(config: dict[str, Any], data_dir: str | Path, run_dir: str | Path, device: torch.device | str = "auto") -> None:
    """Both stages, each resumed where it stopped, in `run_dir/warm` and `run_dir/adversarial`."""
    device = choose_device(str(device))
    sets = [load(data_dir, split, config).to(device) for split in ("train", "validation")]
    run_dir = Path(run_dir)
    if not (run_dir / "warm" / "done").exists():
        train_loop(WarmLearner(config, *sets, device), loop_settings(config["warm"]), run_dir / "warm")
        if not finished(run_dir / "warm", config["warm"]):
            return
        (run_dir / "warm" / "done").touch()
    start = load_state(run_dir / "warm" / "checkpoint.pt")["learner"]
    learner = AdversarialLearner(config, *sets, device, start)
    train_loop(learner, loop_settings(config["adversarial"]), run_dir / "adversarial")


def finished(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether a stage spent its budget, rather than being stopped."""
    state = load_state(folder / "checkpoint.pt")
    return loop_settings(settings).progress(state["step"], state["seconds"]) >= 1.0
