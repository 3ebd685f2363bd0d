"""What the metrics of the training recipe make of every third shower of a file against the others, as JSON.

    .venv-training/bin/python test/services/detector-peers.py examples/data/showers-sample.h5
"""
import json
import sys
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "modules/fastsim/training"))
from twinloom_training import distances, observables  # noqa: E402

with h5py.File(sys.argv[1]) as file:
    energy = file["incident_energies"][:, 0].astype(np.float64)
    showers = file["showers"][:].astype(np.float32)
showers[showers < 0.5e-3 / 0.033] = 0
layers = observables.layer_observables(showers)
features = observables.features(energy, layers)
edges = np.logspace(np.log10(0.5e-3 / 0.033), np.log10(showers.max()), 50)
third = np.arange(len(energy)) % 3 == 0


def observed(chosen):
    voxels = showers[chosen]
    counts = np.histogram(voxels[voxels > 0], edges)[0]
    return observables.Observables(energy[chosen], features[chosen], edges, counts)


ours, theirs = distances.normalise(features[third], features[~third])
print(
    json.dumps(
        {
            "full": distances.frechet(distances.moments(ours), distances.moments(theirs)),
            "prdc": distances.prdc(showers[third], showers[~third]),
            "separations": distances.separations(observed(third), observed(~third)),
        }
    )
)
