"""Reading what MMEngine's runner has logged in a work dir."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tpn_tsn_plugin.errors import ExperimentError

TOP1 = 'acc/top1'


def read_validation(work_dir: Path, metric: str = TOP1) -> dict[int, float]:
    """A metric on the validation split by epoch, over all runs of a folder."""
    curve = {}
    for record in _records(work_dir, '*/vis_data/scalars.json'):
        if metric in record and 'step' in record:
            curve[record['step']] = record[metric]
    return curve


def read_finished_epochs(work_dir: Path) -> int:
    """Epochs that were trained to their end, over all runs of a folder."""
    records = _records(work_dir, '*/vis_data/scalars.json')
    return max(
        (record['epoch'] - 1 for record in records if 'epoch' in record), default=0
    )


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
    checkpoint = Path(note.read_text().strip())
    return checkpoint if checkpoint.exists() else None


def _records(work_dir: Path, pattern: str) -> Iterator[dict[str, Any]]:
    """Lines of MMEngine's JSON logs, oldest file first, half-written ones left out."""
    for path in sorted(work_dir.glob(pattern)):
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue
