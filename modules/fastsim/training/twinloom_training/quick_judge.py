"""A quick judge for choosing checkpoints: separations and distances, and what boosted trees tell apart.

Separations look at one feature at a time and are soon at their floor; the trees see all 362 together. Both sets are
of the validation split: half of the pairs trains the trees, the other half is judged.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from .data import Batch
from .features import features, physics_score


def tree_auc(generated: torch.Tensor, reference: Batch, trees: int = 80, seed: int = 0) -> float:
    """Area under the curve of boosted trees on the 362 features; `generated` are showers at the conditions of
    `reference`, row by row, and a pair stays on one side of the split. With few showers it underestimates."""
    energy = reference.energy_mev.double()
    real, made = (features(s.double(), energy).float().cpu().numpy() for s in (reference.showers, generated))
    half = len(real) // 2
    labels = np.concatenate([np.ones(half), np.zeros(half)])
    judge = HistGradientBoostingClassifier(max_iter=trees, learning_rate=0.1, max_leaf_nodes=15, random_state=seed)
    judge.fit(np.concatenate([real[:half], made[:half]]), labels)
    chance = judge.predict_proba(np.concatenate([real[half : 2 * half], made[half : 2 * half]]))[:, 1]
    return float(roc_auc_score(labels, chance))


def judge(generated: torch.Tensor, reference: Batch) -> dict[str, float]:
    """`physics_score` and the trees; `score`, lower is better, is the sum of both, zero for perfect showers."""
    metrics = physics_score(reference._replace(showers=generated), reference)
    auc = tree_auc(generated, reference)
    return metrics | {"auc": auc, "score": metrics["score"] + auc - 0.5}
