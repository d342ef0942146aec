"""One experiment: a config trained with a seed and tested, through ``mim``.

The result is one small JSON file. An experiment that has its file is not run again; one
that was interrupted goes on from its last checkpoint.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.utils.dl_utils import collect_env

from tpn_tsn_plugin.errors import ExperimentError, MissingDependencyError
from tpn_tsn_plugin.registry import MODELS

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
    """

    config: Path
    seed: int
    folder: Path
    options: tuple[str, ...] = ()

    def load_config(self) -> Config:
        """The config with its options, read as MMAction2's tools read them."""
        config = Config.fromfile(self.config, import_custom_modules=False)
        parser = argparse.ArgumentParser()
        parser.add_argument('--cfg-options', nargs='*', action=DictAction, default={})
        parsed = parser.parse_args(['--cfg-options', *self.options])
        config.merge_from_dict(parsed.cfg_options)
        return config

    @property
    def name(self) -> str:
        """Config and seed; the stem of this experiment's files."""
        return f'{self.config.stem}_seed{self.seed}'

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
            accuracy (None before the first).

    Returns:
        The result: ``config``, ``seed``, ``options``, ``parameters``, ``epochs``,
        ``validation`` (top-1 of each epoch), ``test`` (metrics), ``train_seconds`` (of
        this run alone where it went on from an earlier one, see ``resumed``),
        ``environment``.

    Raises:
        ExperimentError: Training or testing failed; the log is named.
        MissingDependencyError: mim is not installed.
    """
    config = experiment.load_config()
    digest = hashlib.sha256(config.pretty_text.encode()).hexdigest()
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
    resumed = _last_checkpoint(experiment.work_dir) is not None

    start = time.perf_counter()
    _train(experiment, config.train_cfg.max_epochs, resumed, progress)
    seconds = time.perf_counter() - start
    _test(experiment)

    result = dict(
        config=experiment.config.name,
        seed=experiment.seed,
        options=list(experiment.options),
        config_digest=digest,
        parameters=count_parameters(config),
        epochs=config.train_cfg.max_epochs,
        resumed=resumed,
        train_seconds=round(seconds, 1),
        validation=read_validation(experiment.work_dir),
        test=_read_test(experiment.work_dir),
        environment=describe_environment(),
    )
    _write_whole(experiment.result_file, json.dumps(result, indent=1) + '\n')
    return result


def _train(
    experiment: Experiment, epochs: int, resume: bool, progress: Progress
) -> None:
    process = _start(experiment, 'train', *(['--resume'] if resume else []))
    try:
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
            done = read_finished_epochs(experiment.work_dir)
            progress(done, epochs, _latest(experiment.work_dir))
    finally:
        process.terminate()
    _require_success(process, experiment, 'training')
    progress(epochs, epochs, _latest(experiment.work_dir))


def _test(experiment: Experiment) -> None:
    checkpoint = _last_checkpoint(experiment.work_dir)
    if checkpoint is None:
        raise ExperimentError(
            f'training of {experiment.name} left no checkpoint in '
            f'{experiment.work_dir}; see {experiment.log_file}'
        )
    process = _start(experiment, 'test', '--checkpoint', str(checkpoint))
    try:
        process.wait()
    finally:
        process.terminate()
    _require_success(process, experiment, 'testing')


def _require_same(experiment: Experiment, before: str | None, now: str) -> None:
    if before != now:
        raise ExperimentError(
            f'{experiment.folder} holds {experiment.name} made with another config or '
            f'other options than {list(experiment.options)}; choose another folder, or '
            f'delete {experiment.result_file.name} and {experiment.name}/ there'
        )


def count_parameters(config: Config) -> int:
    """Number of parameters of a config's model; nothing is initialised or loaded."""
    init_default_scope('mmaction')
    model = MODELS.build(config.model)
    return sum(parameter.numel() for parameter in model.parameters())


def describe_environment() -> dict[str, Any]:
    """What figures depend on: versions, GPU, threads."""
    found = collect_env()
    names = {'PyTorch', 'MMEngine', 'OpenCV'}
    return {
        'Python': platform.python_version(),
        **{k: v for k, v in found.items() if k in names or k.startswith('GPU')},
        'MMAction2': version('mmaction2'),
        'threads': torch.get_num_threads(),
    }


def read_validation(work_dir: Path) -> dict[int, float]:
    """Top-1 accuracy on the validation split by epoch, over all runs of a folder."""
    curve = {}
    for record in _records(work_dir, '*/vis_data/scalars.json'):
        if 'acc/top1' in record and 'step' in record:
            curve[record['step']] = record['acc/top1']
    return curve


def _latest(work_dir: Path) -> float | None:
    curve = read_validation(work_dir)
    return curve[max(curve)] if curve else None


def read_finished_epochs(work_dir: Path) -> int:
    """Epochs that were trained to their end, over all runs of a folder."""
    records = _records(work_dir, '*/vis_data/scalars.json')
    return max(
        (record['epoch'] - 1 for record in records if 'epoch' in record), default=0
    )


def _read_test(work_dir: Path) -> dict[str, float]:
    """Metrics of the latest test: the only records that have no step."""
    tests = [r for r in _records(work_dir, '*/[0-9]*.json') if 'acc/top1' in r]
    if not tests:
        raise ExperimentError(f'testing left no metrics in {work_dir}')
    return {key: value for key, value in tests[-1].items() if key.startswith('acc/')}


def _records(work_dir: Path, pattern: str) -> Iterator[dict[str, Any]]:
    """Lines of MMEngine's JSON logs, oldest file first, half-written ones left out."""
    for path in sorted(work_dir.glob(pattern)):
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def _start(experiment: Experiment, task: str, *arguments: str) -> subprocess.Popen:
    """Start ``mim train`` or ``mim test``; its output is appended to the log."""
    command = [sys.executable, '-m', 'mim', task, 'mmaction', str(experiment.config)]
    command += ['--work-dir', str(experiment.work_dir), *arguments]
    if task == 'train':
        command += ['--seed', str(experiment.seed)]
    if experiment.options:
        command += ['--cfg-options', *experiment.options]
    with experiment.log_file.open('a') as log:
        log.write(f'$ {" ".join(command)}\n')
        log.flush()
        return subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ)
        )


def _require_success(
    process: subprocess.Popen, experiment: Experiment, task: str
) -> None:
    if process.returncode:
        lines = experiment.log_file.read_text().strip().splitlines()
        errors = [
            line for line in lines if 'Error: ' in line and 'subprocess' not in line
        ]
        raise ExperimentError(
            f'{task} of {experiment.name} failed: {(errors or lines)[-1].strip()} '
            f'(whole log: {experiment.log_file})'
        )


def _last_checkpoint(work_dir: Path) -> Path | None:
    """The checkpoint that MMEngine says was written last."""
    note = work_dir / 'last_checkpoint'
    if not note.exists():
        return None
    checkpoint = Path(note.read_text().strip())
    return checkpoint if checkpoint.exists() else None


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    part = path.with_suffix('.part')
    part.write_text(text)
    part.replace(path)
