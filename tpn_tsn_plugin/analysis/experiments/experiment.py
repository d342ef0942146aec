"""One experiment: a config trained with a seed and tested, through ``mim``.

The result is one small JSON file. An experiment that has its file is not run again; one
that was interrupted goes on from its last checkpoint.
"""

import hashlib
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.utils.dl_utils import collect_env

from tpn_tsn_plugin.analysis.trained_model import build_model, read_config
from tpn_tsn_plugin.errors import ExperimentError, MissingDependencyError
from tpn_tsn_plugin.output_files import write_whole

from .mim_process import run_mim
from .slots import own_environment
from .training_log import (
    TOP1,
    Length,
    last_checkpoint,
    read_finished,
    read_test,
    read_validation,
    training_length,
)

Progress = Callable[[int, int, float | None], None]


@dataclass(frozen=True)
class Experiment:
    """A config, a seed, and where its files go.

    Attributes:
        config: Path of the config.
        seed: Seed of weights and data order.
        folder: Folder of all experiments of one comparison.
        options: What ``--cfg-options`` changes, ``key=value`` each.
        label: Name of the files where the config's own is not enough.
        checkpoint: Weights to test; nothing is trained then.
        inputs: Files beside the config that the result depends on.
        threads: Threads of each process, None for what is usual.
        gpu: Which GPU as ``CUDA_VISIBLE_DEVICES`` names it, None for what is usual.
        metric: What validation shows.
    """

    config: Path
    seed: int
    folder: Path
    options: tuple[str, ...] = ()
    label: str | None = None
    checkpoint: Path | None = None
    inputs: tuple[Path, ...] = ()
    threads: int | None = None
    gpu: str | None = None
    metric: str = TOP1

    def load_config(self) -> Config:
        """The config with its options, read as MMAction2's tools read them."""
        return read_config(self.config, self.options)

    @property
    def name(self) -> str:
        """Config (or label) and seed; the stem of this experiment's files."""
        return f'{self.label or self.config.stem}_seed{self.seed}'

    @property
    def work_dir(self) -> Path:
        """Where MMEngine writes logs and checkpoints."""
        return self.folder / self.name

    @property
    def result_file(self) -> Path:
        """The result, written last."""
        return self.folder / f'{self.name}.json'

    @property
    def digest_file(self) -> Path:
        """Of which config the work dir is."""
        return self.work_dir / 'config.sha256'

    @property
    def log_file(self) -> Path:
        """What training and testing print."""
        return self.folder / f'{self.name}.log'


def run_experiment(experiment: Experiment, progress: Progress) -> dict[str, Any]:
    """Train and test, unless the result is there already.

    Args:
        experiment: What to run.
        progress: Called with finished epochs, all epochs, and the latest validation
            metric (None before the first); with iterations where the config counts by
            these. What it raises stops the experiment.

    Returns:
        The result: ``config``, ``seed``, ``options``, ``parameters``, ``epochs`` or
        ``iterations``, ``validation`` (metric by epoch or iteration), ``test``
        (metrics), ``train_seconds`` (of this run alone where it went on from an earlier
        one, see ``resumed``), ``environment``.

    Raises:
        ExperimentError: Training or testing failed; the log is named. Or the config
            does not say how long it trains.
        BusyError: What a run that was killed has started is still at work.
        MissingDependencyError: mim is not installed.
    """
    config = experiment.load_config()
    digest = digest_of(experiment, config)
    if experiment.result_file.exists():
        result = _read_result(experiment.result_file)
        _require_same(experiment, result.get('config_digest'), digest)
        return result
    if find_spec('mim') is None:
        raise MissingDependencyError(
            'mim is not installed; install the plugin with its extra: '
            "pip install 'tpn-tsn-plugin[mim]'"
        )
    length = Length(0) if experiment.checkpoint else training_length(config)
    experiment.work_dir.mkdir(parents=True, exist_ok=True)
    if experiment.digest_file.exists():
        before = experiment.digest_file.read_text(errors='replace')
        _require_same(experiment, before, digest)
    experiment.digest_file.write_text(digest)
    resumed = last_checkpoint(experiment.work_dir) is not None

    start = time.perf_counter()
    if experiment.checkpoint is None:
        _train(experiment, length, resumed, progress)
    seconds = time.perf_counter() - start
    _test(experiment, lambda: progress(length.count, length.count, None))

    result = dict(
        config=experiment.config.name,
        seed=experiment.seed,
        options=list(experiment.options),
        config_digest=digest,
        parameters=count_parameters(config),
        **{length.unit: length.count},
        resumed=resumed,
        train_seconds=round(seconds, 1),
        validation=_curve(experiment, length),
        test=read_test(experiment.work_dir),
        environment=describe_environment(experiment.threads),
    )
    write_whole(experiment.result_file, json.dumps(result, indent=1) + '\n')
    return result


def _read_result(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(path.read_text())
        numbers = [result[key] for key in ('parameters', 'train_seconds')]
        numbers += result['test'].values()
        if not all(isinstance(n, int | float) and isfinite(n) for n in numbers):
            raise ValueError('what was measured must be numbers')
    except Exception as error:
        raise ExperimentError(
            f'{path} is no result of an experiment ({type(error).__name__}: {error}); '
            'delete it to have the experiment go on'
        ) from error
    return dict(result)


def digest_of(experiment: Experiment, config: Config) -> str:
    """What tells this experiment's result from another's: config and files."""
    # What the loaders have already, written down for MMAction2's inference_recognizer.
    told = {key: value for key, value in config.items() if key != 'test_pipeline'}
    digest = hashlib.sha256(Config(told).pretty_text.encode())
    checkpoint = [experiment.checkpoint] if experiment.checkpoint else []
    for path in [*checkpoint, *experiment.inputs]:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _train(
    experiment: Experiment, length: Length, resume: bool, progress: Progress
) -> None:
    def show(done: int) -> None:
        curve = _curve(experiment, length)
        progress(done, length.count, curve[max(curve)] if curve else None)

    def show_finished() -> None:
        show(read_finished(experiment.work_dir, length))

    _run(experiment, 'train', show_finished, *(['--resume'] if resume else []))
    show(length.count)


def _curve(experiment: Experiment, length: Length) -> dict[int, float]:
    return read_validation(
        experiment.work_dir, experiment.metric, by_epoch=length.by_epoch
    )


def _test(experiment: Experiment, show: Callable[[], None]) -> None:
    checkpoint = experiment.checkpoint or last_checkpoint(experiment.work_dir)
    if checkpoint is None:
        raise ExperimentError(
            f'training of {experiment.name} left no checkpoint in '
            f'{experiment.work_dir}; see {experiment.log_file}'
        )
    _run(experiment, 'test', show, '--checkpoint', str(checkpoint))


def _require_same(experiment: Experiment, before: str | None, now: str) -> None:
    if before != now:
        raise ExperimentError(
            f'{experiment.folder} holds {experiment.name} made with another config, '
            f'other options than {list(experiment.options)} or another checkpoint; '
            f'choose another folder, or delete {experiment.result_file.name} and '
            f'{experiment.name}/ there'
        )


def count_parameters(config: Config) -> int:
    """Number of parameters of a config's model; nothing is initialised or loaded."""
    return sum(parameter.numel() for parameter in build_model(config).parameters())


def describe_environment(threads: int | None = None) -> dict[str, Any]:
    """What figures depend on: versions, GPU, threads."""
    found = collect_env()
    names = {'PyTorch', 'MMEngine', 'OpenCV'}
    return {
        'Python': platform.python_version(),
        **{k: v for k, v in found.items() if k in names or k.startswith('GPU')},
        'MMAction2': version('mmaction2'),
        'threads': threads or torch.get_num_threads(),
    }


def _run(
    experiment: Experiment, task: str, show: Callable[[], None], *more: str
) -> None:
    arguments = (str(experiment.config), '--work-dir', str(experiment.work_dir), *more)
    if task == 'train':
        arguments += ('--seed', str(experiment.seed))
    if experiment.options:
        arguments += ('--cfg-options', *experiment.options)
    run_mim(
        task,
        arguments,
        name=experiment.name,
        log_file=experiment.log_file,
        environment=own_environment(experiment.gpu, experiment.threads),
        show=show,
    )
