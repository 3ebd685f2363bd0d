"""The shape network of the GAN against its critics, from where the warm start (`warm.py`) left it."""

from __future__ import annotations

from typing import Any

import torch

from .critics import Critics, View
from .data import Batch, ShowerSet
from .gate import decode
from .learner import Average, learning_rate, set_learning_rate
from .shape_network import ShapeNetwork
from .shape_noise import random_uniform
from .warm import Encoder, ShapeLearner, evidence_bound


class AdversarialLearner(ShapeLearner):
    """The critics' turn. Keys of `adversarial`: `batch`, `rate`, `critic_rate`, `average`, `temperature`,
    `critic_warm_up` (steps of the critics alone), `anchor` (weight of the likelihood, in nats per hit cell, that keeps
    the network near its warm start while the critics are still learning; zero: none), `energies_only` (the critics
    train the last layers of the energies and leave the gate as the likelihood made it: their gradient to the energies
    is exact, that to the gate is not, and a short training has no time to average its error away)."""

    parts = ("network", "encoder", "critics", "average", "optimizer", "critic_optimizer", "rng")

    def __init__(
        self,
        config: dict[str, Any],
        train: ShowerSet,
        validation: ShowerSet,
        device: torch.device,
        start: dict[str, Any] | None = None,
    ) -> None:
        settings = config.get("adversarial", {})
        super().__init__(config, settings, train, validation, device)
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
        seen = self.critics.learn(self.critic_optimizer, batch.showers, fake, batch, step)
        if generating:
            seen |= self.learn(batch, fake, step)
        return seen

    def learn(self, batch: Batch, fake: View, step: int) -> dict[str, float]:
        """A step of the generator; what is to be shown of it."""
        seen = {}
        with self.critics.fixed():
            loss = self.critics.generator_loss(batch.showers, fake, batch)
            self.optimizer.zero_grad(set_to_none=True)
            seen["generator"] = float(loss)
            if self.anchor:
                bound, parts = evidence_bound(self.network, self.encoder, batch)
                loss, seen["likelihood"] = loss + self.anchor * bound, parts["loss"]
            loss.backward()
        moved = [parameter for parameter in self.parameters if parameter.grad is not None]
        seen["gradient"] = float(torch.nn.utils.clip_grad_norm_(moved, 50.0))
        self.optimizer.step()
        self.average.update(self.network, step - self.critic_warm_up)
        return seen
