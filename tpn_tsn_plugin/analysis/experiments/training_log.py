"""Reading what MMEngine's runner has logged in a work dir."""

import json
import os.path as osp
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from tpn_tsn_plugin.errors import ExperimentError

TOP1 = 'acc/top1'


@dataclass(frozen=True)
class Length:
    """How long a training is.

    Attributes:
        count: Number of epochs or iterations.
        by_epoch: Whether it is counted in epochs.
    """

    count: int
    by_epoch: bool = True

    @property
    def unit(self) -> str:
        """What is counted."""
        return 'epochs' if self.by_epoch else 'iterations'


def training_length(config: Config) -> Length:
    """How long a config trains.

    Raises:
        ExperimentError: It does not say it, or in epochs and iterations.
    """
    loop = config.get('train_cfg')
    given = loop if isinstance(loop, dict) else {}
    counts = {key: given[key] for key in ('max_epochs', 'max_iters') if key in given}
    values = list(counts.values())
    if len(values) != 1 or not isinstance(values[0], int) or values[0] < 1:
        raise ExperimentError(
            f'{config.filename}: train_cfg must have a positive max_epochs or '
            f'max_iters to train, got {loop!r:.200}'
        )
    return Length(values[0], by_epoch='max_epochs' in counts)


def read_validation(
    work_dir: Path, metric: str = TOP1, *, by_epoch: bool = True
) -> dict[int, float]:
    """A metric on the validation split by epoch, over all runs of a folder.

    Args:
        work_dir: The folder.
        metric: Name of the metric.
        by_epoch: Whether the training counts in epochs; its curve is by iteration
            otherwise.
    """
    curve = {}
    trained = 0
    for record in _records(work_dir, '*/vis_data/scalars.json'):
        step, value = record.get('step'), record.get(metric)
        trained = _count(record, 'iter', trained)
        if isinstance(step, int) and isinstance(value, int | float):
            # MMEngine calls it epoch 0 throughout, unless its LoggerHook has
            # log_metric_by_epoch=False.
            curve[step if by_epoch else step or trained] = float(value)
    return curve


def read_finished(work_dir: Path, length: Length) -> int:
    """Epochs or iterations that were trained, over all runs of a folder."""
    if length.by_epoch:
        return read_finished_epochs(work_dir)
    records = _records(work_dir, '*/vis_data/scalars.json')
    return max((_count(record, 'iter', 0) for record in records), default=0)


def read_finished_epochs(work_dir: Path) -> int:
    """Epochs that were trained to their end, over all runs of a folder."""
    records = _records(work_dir, '*/vis_data/scalars.json')
    return max((_count(record, 'epoch', 1) - 1 for record in records), default=0)


def read_test(work_dir: Path) -> dict[str, float]:
    """Metrics of the latest test: the only records that have no step.

    A metric has its evaluator's prefix, such as ``acc/top1``; times have none.

    Raises:
        ExperimentError: There are none.
    """
    found = [
        {key: value for key, value in record.items() if '/' in key}
        for record in _records(work_dir, '*/[0-9]*.json')
        if 'step' not in record
    ]
    tests = [metrics for metrics in found if metrics]
    if not tests:
        raise ExperimentError(f'testing left no metrics in {work_dir}')
    return tests[-1]


def last_checkpoint(work_dir: Path) -> Path | None:
    """The checkpoint that MMEngine says was written last."""
    note = work_dir / 'last_checkpoint'
    if not note.exists():
        return None
    checkpoint = note.read_text(errors='replace').strip()
    # Unlike Path.exists, takes names that no file can have.
    return Path(checkpoint) if osp.exists(checkpoint) else None


def _count(record: dict[str, Any], key: str, otherwise: int) -> int:
    count = record.get(key)
    return count if isinstance(count, int) else otherwise


def _records(work_dir: Path, pattern: str) -> Iterator[dict[str, Any]]:
    """Lines of MMEngine's JSON logs, oldest file first, half-written ones left out."""
    for path in sorted(work_dir.glob(pattern)):
        for line in path.read_text(errors='replace').splitlines():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                yield record
