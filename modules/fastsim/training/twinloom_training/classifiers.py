"""
Two judges that try to tell generated showers (class 0) from the reference (class 1).

`network` is that of CaloChallenge (`code/evaluate.py`): three layers of 2048, Adam, the epoch with the best accuracy on
the test part, AUC and JSD on the validation part after isotonic calibration on the test part. `trees` is a second
opinion by gradient-boosted trees, often the sharper one on few showers.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score
from torch import nn

NETWORK = {
    "layers": [2048, 2048, 2048],
    "negative_slope": 0.01,
    "learning_rate": 2e-4,
    "batch": 1000,
    "epochs": 50,
    "patience": 50,
    "precision": "float32",
}
TREES = {"iterations": 300, "learning_rate": 0.1, "leaves": 31, "patience": 15, "bins": 64}


@dataclass(frozen=True)
class Parts:
    """Rows of each class for training, for choosing (test) and for judging (validation)."""

    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(getattr(self, name)[0]) for name in ("train", "test", "validation")}


def split(per_class: int, seed: int, paired: bool) -> Parts:
    """
    60 % train, 20 % test, 20 % validation. When both classes have the same energies row by row, one permutation serves
    both: else a judge that remembers an energy as "generated" would be misled by its twin and score below chance.
    """
    rng = np.random.default_rng(seed)
    first = rng.permutation(per_class)
    second = first if paired else rng.permutation(per_class)
    marks = [0, round(0.6 * per_class), round(0.8 * per_class), per_class]
    pieces = [(first[low:high], second[low:high]) for low, high in zip(marks, marks[1:])]
    return Parts(*pieces)


def low_features(energy_mev: np.ndarray, showers: np.ndarray) -> np.ndarray:
    """log10 of the incident energy and every voxel over it (6481 numbers, float32)."""
    result = np.empty((len(showers), showers.shape[1] + 1), np.float32)
    result[:, 0] = np.log10(energy_mev)
    np.divide(showers, energy_mev[:, None], out=result[:, 1:])
    return result


def auc_sigma(first: int, second: int) -> float:
    """Standard deviation of the AUC of two equal distributions (Hanley and McNeil; Mann and Whitney)."""
    return float(np.sqrt((first + second + 1) / (12 * first * second)))


def judge(
    kind: str, generated: np.ndarray, reference: np.ndarray, parts: Parts, seed: int, settings: dict, device="cpu"
) -> dict:
    """One training of one judge; the result says how well it tells the classes apart on showers it never saw."""
    started = time.monotonic()
    pick = {
        name: (
            np.concatenate([generated[rows[0]], reference[rows[1]]]),
            np.repeat([0.0, 1.0], [len(rows[0]), len(rows[1])]).astype(np.float32),
        )
        for name, rows in (("test", parts.test), ("validation", parts.validation))
    }
    train = (generated[parts.train[0]], reference[parts.train[1]])
    method = {"network": _network, "trees": _trees}[kind]
    test, validation, about = method(train, pick["test"], pick["validation"][0], seed, settings, device)
    labels = pick["validation"][1]
    # A step of the calibration that holds one class only is no certainty: not surer than the number of showers allows.
    least = 1 / (len(test) + 2)
    calibration = IsotonicRegression(out_of_bounds="clip", y_min=least, y_max=1 - least).fit(test, pick["test"][1])
    probability = np.clip(calibration.predict(validation).astype(np.float64), least, 1 - least)
    cross_entropy = -np.mean(labels * np.log(probability) + (1 - labels) * np.log(1 - probability))
    return {
        "seed": seed,
        "auc": float(roc_auc_score(labels, probability)),
        "auc_uncalibrated": float(roc_auc_score(labels, validation)),
        "jsd": float((np.log(2) - cross_entropy) / np.log(2)),
        "accuracy": float(np.mean((probability > 0.5) == (labels > 0.5))),
        **about,
        "seconds": round(time.monotonic() - started, 1),
    }


def _network(train, test, validation, seed: int, settings: dict, device: str):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    rows = np.concatenate(train)
    labels = torch.from_numpy(np.repeat([0.0, 1.0], [len(train[0]), len(train[1])]).astype(np.float32)).to(device)
    # Kept where the training is: a batch is then one gather.
    data = torch.from_numpy(rows.astype(np.float32, copy=False)).to(device)
    model = _layers(data.shape[1], settings).to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings["learning_rate"])
    loss_of = nn.BCEWithLogitsLoss()
    best, best_epoch, kept, epoch = -1.0, 0, None, 0
    for epoch in range(1, settings["epochs"] + 1):
        model.train()
        order = torch.from_numpy(rng.permutation(len(data))).to(device)
        for chosen in order.split(settings["batch"]):
            optimiser.zero_grad(set_to_none=True)
            loss_of(model(data[chosen])[:, 0], labels[chosen]).backward()
            optimiser.step()
        scores = _scores(model, test[0], device)
        accuracy = float(np.mean((scores > 0.5) == (test[1] > 0.5)))
        if accuracy > best:
            best, best_epoch = accuracy, epoch
            kept = scores, _scores(model, validation, device)
        elif epoch - best_epoch >= settings["patience"]:
            break
    return *kept, {"epochs": epoch, "best_epoch": best_epoch}


def _layers(inputs: int, settings: dict) -> nn.Sequential:
    steps, width = [], inputs
    for following in settings["layers"]:
        steps += [nn.Linear(width, following), nn.LeakyReLU(settings["negative_slope"])]
        width = following
    return nn.Sequential(*steps, nn.Linear(width, 1))


@torch.no_grad()
def _scores(model: nn.Module, rows: np.ndarray, device: str) -> np.ndarray:
    model.eval()
    parts = [
        torch.sigmoid(model(torch.from_numpy(rows[i : i + 1000].astype(np.float32, copy=False)).to(device))[:, 0])
        for i in range(0, len(rows), 1000)
    ]
    # float64: a calibration that breaks ties wrongly would cost AUC.
    return torch.cat(parts).cpu().numpy().astype(np.float64)


def _trees(train, test, validation, seed: int, settings: dict, _device: str):
    """Boosting stops when the loss on the test part has not fallen for `patience` trees."""
    labels = np.repeat([0, 1], [len(train[0]), len(train[1])])
    model = HistGradientBoostingClassifier(
        max_iter=settings["iterations"],
        learning_rate=settings["learning_rate"],
        max_leaf_nodes=settings["leaves"],
        max_bins=settings["bins"],
        early_stopping=True,
        n_iter_no_change=settings["patience"],
        scoring="loss",
        random_state=seed,
    )
    model.fit(np.concatenate(train), labels, X_val=test[0], y_val=test[1].astype(int))
    return (
        model.predict_proba(test[0])[:, 1],
        model.predict_proba(validation)[:, 1],
        {"epochs": int(model.n_iter_), "best_epoch": int(model.n_iter_)},
    )
