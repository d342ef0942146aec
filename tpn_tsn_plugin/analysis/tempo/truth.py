"""Measured against true tempo, where the truth is known: on the demo data."""

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset

from tpn_tsn_plugin.datasets import InstancesDemoDataset, TempoDemoDataset
from tpn_tsn_plugin.errors import TempoStudyError
from tpn_tsn_plugin.functional.tempo_gain import (
    Correlation,
    can_correlate,
    correlate,
)

from .measurement import Instance


@dataclass(frozen=True)
class TrueTempo:
    """A measured instance beside its true values.

    Attributes:
        video_id: Identity of the video.
        label: Class index.
        motion: What is done, whatever its tempo.
        tempo_hz: True cycles per second.
        true_seconds: How long the action lasts; None where that is not known.
        width_seconds: Measured FWHM.
        censored: Whether it is cut at a border.
    """

    video_id: str
    label: int
    motion: str
    tempo_hz: float
    true_seconds: float | None
    width_seconds: float
    censored: bool


@dataclass(frozen=True)
class TruthComparison:
    """How well the order of the true tempi is recovered.

    All are rank correlations of the measured width with the true period, 1 where the
    slower instance is always the wider one, or None where too few instances differ.

    Attributes:
        instances: What was compared.
        overall: Over all instances.
        uncensored: Over those that no border cuts.
        within: Over the instances of each motion.
    """

    instances: tuple[TrueTempo, ...]
    overall: Correlation | None
    uncensored: Correlation | None
    within: dict[str, Correlation | None]


def find_truth(dataset: BaseDataset) -> Path | None:
    """The true values of demo data whose actions have a tempo, or None for others.

    Other data sets may read the same folder, but with names of their own.
    """
    if not isinstance(dataset, TempoDemoDataset | InstancesDemoDataset):
        return None
    path = Path(dataset.data_root) / f'{dataset.split}_truth.json'
    return path if path.is_file() else None


def compare_with_truth(instances: Sequence[Instance], path: Path) -> TruthComparison:
    """Compare measured widths with true periods.

    Args:
        instances: Measured.
        path: True values, as the demo data have them.

    Raises:
        TempoStudyError: The file has no true tempo for an instance, or the frame rate
            of one is not known.
    """
    truths = _read(path)
    found = []
    for own in instances:
        truth = truths.get((_stem(own.video_id), own.label))
        if truth is None or own.width_seconds is None:
            raise TempoStudyError(
                f'{path} has no true tempo for class {own.label} of {own.video_id}, or '
                'its frame rate is not known; is it the list of these videos?'
            )
        found.append(
            TrueTempo(
                video_id=own.video_id,
                label=own.label,
                **truth,
                width_seconds=own.width_seconds,
                censored=own.censored,
            )
        )
    uncensored = [own for own in found if not own.censored]
    motions = sorted({own.motion for own in found})
    return TruthComparison(
        tuple(found),
        _correlate(found),
        _correlate(uncensored),
        {name: _correlate(o for o in found if o.motion == name) for name in motions},
    )


def _correlate(instances: Iterable[TrueTempo]) -> Correlation | None:
    chosen = list(instances)
    periods = [1 / own.tempo_hz for own in chosen]
    widths = [own.width_seconds for own in chosen]
    if not can_correlate(periods, widths):
        return None
    return correlate(periods, widths, 'spearman')


def _read(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """True values by video and class; an untrimmed video has several actions."""
    try:
        return {
            (_stem(record['path']), action['label']): _values(action)
            for record in json.loads(path.read_text())
            for action in record.get('actions', [record])
        }
    except Exception as error:
        # JSON may hold anything, where the demo data have these values.
        raise TempoStudyError(
            f'{path} holds no true values of demo data ({type(error).__name__}: '
            f'{error})'
        ) from None


def _values(action: Mapping[str, Any]) -> dict[str, Any]:
    tempo, seconds = float(action['tempo_hz']), None
    if 'segment' in action:
        start, end = map(float, action['segment'])
        seconds = end - start
    if not (
        0 < tempo < inf and 1 / tempo < inf and (seconds is None or 0 < seconds < inf)
    ):
        raise ValueError('tempo_hz and the length of a segment must be above 0')
    return dict(motion=str(action['motion']), tempo_hz=tempo, true_seconds=seconds)


def _stem(name: str) -> str:
    """A path without suffix, which some data sets have in their identities."""
    return posixpath.splitext(name)[0]
