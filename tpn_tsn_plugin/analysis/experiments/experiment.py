"""One experiment: a config trained with a seed and tested, through ``mim``.

The result is one small JSON file. An experiment that has its file is not run again; one
that was interrupted goes on from its last checkpoint.
"""

import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.utils.dl_utils import collect_env

from tpn_tsn_plugin.analysis.trained_model import build_model, read_config
from tpn_tsn_plugin.datasets.lock import acquire
from tpn_tsn_plugin.errors import ExperimentError, MissingDependencyError
from tpn_tsn_plugin.output_files import write_whole

from .slots import own_environment
from .training_log import (
    TOP1,
    last_checkpoint,
    read_finished_epochs,
    read_test,
    read_validation,
)

Progress = Callable[[int, int, float | None], None]
POLL_SECONDS = 0.5


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
            metric (None before the first). What it raises stops the experiment.

    Returns:
        The result: ``config``, ``seed``, ``options``, ``parameters``, ``epochs``,
        ``validation`` (metric of each epoch), ``test`` (metrics), ``train_seconds`` (of
        this run alone where it went on from an earlier one, see ``resumed``),
        ``environment``.

    Raises:
        ExperimentError: Training or testing failed; the log is named.
        MissingDependencyError: mim is not installed.
    """
    config = experiment.load_config()
    digest = digest_of(experiment, config)
    if experiment.result_file.exists():
        result = json.loads(experiment.result_file.read_text())
        _require_same(experiment, result.get('config_digest'), digest)
        return result
    if find_spec('mim') is None:
        raise MissingDependencyError(
            'mim is not installed; install the plugin with its extra: '
            "pip install 'tpn-tsn-plugin[mim]'"
        )
    experiment.work_dir.mkdir(parents=True, exist_ok=True)
    if experiment.digest_file.exists():
        _require_same(experiment, experiment.digest_file.read_text(), digest)
    experiment.digest_file.write_text(digest)
    resumed = last_checkpoint(experiment.work_dir) is not None

    start = time.perf_counter()
    epochs = 0
    if experiment.checkpoint is None:
        epochs = config.train_cfg.max_epochs
        _train(experiment, epochs, resumed, progress)
    seconds = time.perf_counter() - start
    _test(experiment, lambda: progress(epochs, epochs, None))

    result = dict(
        config=experiment.config.name,
        seed=experiment.seed,
        options=list(experiment.options),
        config_digest=digest,
        parameters=count_parameters(config),
        epochs=epochs,
        resumed=resumed,
        train_seconds=round(seconds, 1),
        validation=read_validation(experiment.work_dir, experiment.metric),
        test=read_test(experiment.work_dir),
        environment=describe_environment(experiment.threads),
    )
    write_whole(experiment.result_file, json.dumps(result, indent=1) + '\n')
    return result


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
    experiment: Experiment, epochs: int, resume: bool, progress: Progress
) -> None:
    def show() -> None:
        curve = read_validation(experiment.work_dir, experiment.metric)
        done = read_finished_epochs(experiment.work_dir)
        progress(done, epochs, curve[max(curve)] if curve else None)

    _run(experiment, 'train', show, *(['--resume'] if resume else []))
    curve = read_validation(experiment.work_dir, experiment.metric)
    progress(epochs, epochs, curve[max(curve)] if curve else None)


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
    experiment: Experiment, task: str, show: Callable[[], None], *arguments: str
) -> None:
    """Run ``mim train`` or ``mim test``; its output is appended to the log."""
    command = [sys.executable, '-m', 'mim', task, 'mmaction', str(experiment.config)]
    command += ['--work-dir', str(experiment.work_dir), *arguments]
    if task == 'train':
        command += ['--seed', str(experiment.seed)]
    if experiment.options:
        command += ['--cfg-options', *experiment.options]
    env = own_environment(experiment.gpu, experiment.threads)
    with experiment.log_file.open('a') as log:
        # Whatever runs below has this file open: it is locked until the last has ended,
        # also where this process was killed.
        if not acquire(log.fileno()):
            raise ExperimentError(
                f'{experiment.name} is still at work for a run that was killed, and '
                f'writes {experiment.log_file}; wait until it ends, or end it'
            )
        log.write(f'$ {" ".join(command)}\n')
        log.flush()
        # A group of its own: mim starts the training as another process.
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=env, start_new_session=True
        )
    try:
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
            show()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    if process.returncode:
        lines = experiment.log_file.read_text().strip().splitlines()
        errors = [
            line for line in lines if 'Error: ' in line and 'subprocess' not in line
        ]
        raise ExperimentError(
            f'{task}ing of {experiment.name} failed: {(errors or lines)[-1].strip()} '
            f'(whole log: {experiment.log_file})'
        )
