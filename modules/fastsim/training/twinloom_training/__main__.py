"""The command line of the recipe: `python -m twinloom_training all --config FILE --data DIR --out DIR`.

Exit status: 0 done, 2 an error of the input or the machine (one line says which), 3 stopped and to be called again.
"""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from . import stages
from .config import load_config
from .errors import RecipeError

STAGES = {
    "all": "layers, shape, distil, export and evidence, in this order",
    "layers": "train the layer network",
    "shape": "train the shape network",
    "distil": "distil it to one step (transformer)",
    "export": "ONNX files and cards from what is trained",
    "evidence": "generate at the reference's energies, judge, complete the cards",
    "judge": "evidence for any file of showers (--generated, --name)",
    "baseline": "the resampling baseline at the reference's energies",
}


def parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:10} {about}" for name, about in STAGES.items())
    result = argparse.ArgumentParser(
        prog="python -m twinloom_training",
        description="Trains generators of calorimeter showers and exports them to ONNX.",
        epilog=f"stages:\n{listed}\n\nA stage that was stopped goes on when called again with the same arguments.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("stage", choices=STAGES, metavar="stage", help="one of: " + ", ".join(STAGES))
    result.add_argument("--config", required=True, help="TOML file; see configs/")
    result.add_argument("--data", required=True, help="folder of the HDF5 files")
    result.add_argument("--out", required=True, help="run folder, made where absent")
    result.add_argument("--layers", help="run folder whose layer network to take, instead of training the same again")
    result.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), help="auto (default): a GPU where there is one"
    )
    result.add_argument("--seed", type=_seed, help="seed of all stages (default: that of the configuration)")
    result.add_argument(
        "--reference", help=f"held-out showers to judge against (default: {stages.TEST_FILE} of --data)"
    )
    result.add_argument(
        "--repeat", type=_positive, default=10, help="showers generated per shower of the reference (default 10)"
    )
    result.add_argument("--generated", help="for judge: HDF5 file of the showers to judge")
    result.add_argument("--model", help="for judge: ONNX file that made them, where there is one")
    result.add_argument("--name", help="for judge: what to call them (default: the file's name)")
    return result


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no positive whole number")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 0 to 2^32 - 1")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    try:
        with _stop_by_signal():
            _begin_and_run(given)
    except RecipeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error
        hint = "Check the path, its rights and the room on the disk; checkpoints that were finished are whole."
        print(f"error: {what}. {hint}", file=sys.stderr)
        return 2
    except (stages.Stopped, KeyboardInterrupt) as stopped:
        what = str(stopped) or "Stopped between two checkpoints."
        print(f"{what} Call the same command again to go on.", file=sys.stderr)
        return 3
    return 0


@contextmanager
def _stop_by_signal() -> Iterator[None]:
    """SIGTERM as Ctrl-C; while a stage trains, its loop takes both and saves first."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _begin_and_run(given: argparse.Namespace) -> None:
    if given.device != "cuda":
        threads = os.environ.get("OMP_NUM_THREADS", "1")
        if not threads.isdecimal() or int(threads) == 0:
            raise RecipeError(f"OMP_NUM_THREADS is {threads!r}; wanted is a positive whole number.")
        torch.set_num_threads(int(threads))
    config = load_config(given.config)
    run = stages.Run(
        config=config if given.seed is None else {**config, "seed": given.seed},
        data_dir=given.data,
        out=given.out,
        layers_from=given.layers,
        device=given.device,
        # Without the folders of this machine: it goes into cards and evidence.
        command=f"python -m twinloom_training {given.stage} --config {os.path.basename(given.config)}"
        + (f" --seed {given.seed}" if given.seed is not None else "")
        + (f" --layers {os.path.basename(os.path.abspath(given.layers))}" if given.layers else ""),
        say=lambda text: print(text, flush=True),
    )
    stages.begin(run)
    _run(given, run)


def _run(given: argparse.Namespace, run: stages.Run) -> None:
    reference = given.reference or os.path.join(given.data, stages.TEST_FILE)
    if not os.path.exists(reference):
        if given.reference is not None or given.stage in ("evidence", "judge", "baseline"):
            raise RecipeError(f"There is no reference {reference}. Name held-out showers with --reference.")
        reference = None
    if given.stage == "all":
        stages.everything(run, reference, given.repeat)
    elif given.stage == "layers":
        stages.layers(run)
    elif given.stage == "export":
        stages.export_stage(run)
    elif given.stage == "evidence":
        stages.evidence_stage(run, reference, given.repeat)
    elif given.stage == "judge":
        if given.generated is None:
            raise RecipeError("The stage judge needs --generated: the HDF5 file of the showers to judge.")
        name = given.name or os.path.splitext(os.path.basename(given.generated))[0]
        stages.judge_stage(run, given.generated, reference, name, given.model)
    elif given.stage == "baseline":
        stages.baseline_stage(run, reference, given.repeat)
    elif given.stage in stages.TRAINING[run.config["family"]]:
        stages.train_stage(run, given.stage)
    else:
        known = ", ".join(("layers", *stages.TRAINING[run.config["family"]]))
        raise RecipeError(f"The family {run.config['family']} has no stage {given.stage}; it trains {known}.")


if __name__ == "__main__":
    sys.exit(main())
