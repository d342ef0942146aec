"""Measured against true tempo, where the truth is known: on the demo data."""

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from tpn_tsn_plugin.errors import TempoStudyError
from tpn_tsn_plugin.functional.tempo_gain import Correlation, correlate

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
    slower instance is always the wider one.

    Attributes:
        instances: What was compared.
        overall: Over all instances.
        uncensored: Over those that no border cuts; None where they are too few.
        within: Over the instances of each motion.
    """

    instances: tuple[TrueTempo, ...]
    overall: Correlation
    uncensored: Correlation | None
    within: dict[str, Correlation]


def find_truth(config: Config, split: str) -> Path | None:
    """The true values beside a demo data list, or None for other data."""
    root = config[f'{split}_dataloader'].dataset.get('data_root')
    path = Path(root or '.') / f'{split}_truth.json'
    return path if root and path.is_file() else None


def compare_with_truth(instances: Sequence[Instance], path: Path) -> TruthComparison:
    """Compare measured widths with true periods.

    Args:
        instances: Measured.
        path: True values, as the demo data have them.

    Raises:
        TempoStudyError: The file has no true tempo for an instance, or the frame rate
            of one is not known.
        ValueError: Too few instances differ.
    """
    truths = dict(_read(path))
    found = []
    for own in instances:
        truth = truths.get((_stem(own.video_id), own.label))
        if truth is None or own.width_seconds is None:
            raise TempoStudyError(
                f'{path} has no true tempo for class {own.label} of {own.video_id}, or '
                'its frame rate is not known; is it the list of these videos?'
            )
        start, end = truth.get('segment', (None, None))
        found.append(
            TrueTempo(
                video_id=own.video_id,
                label=own.label,
                motion=truth['motion'],
                tempo_hz=truth['tempo_hz'],
                true_seconds=None if start is None else end - start,
                width_seconds=own.width_seconds,
                censored=own.censored,
            )
        )
    uncensored = [own for own in found if not own.censored]
    motions = sorted({own.motion for own in found})
    return TruthComparison(
        tuple(found),
        _correlate(found),
        _correlate(uncensored) if len(uncensored) > 2 else None,
        {name: _correlate(o for o in found if o.motion == name) for name in motions},
    )


def _correlate(instances: Iterable[TrueTempo]) -> Correlation:
    chosen = list(instances)
    periods = [1 / own.tempo_hz for own in chosen]
    return correlate(periods, [own.width_seconds for own in chosen], 'spearman')


def _read(path: Path) -> Iterator[tuple[tuple[str, int], Mapping[str, Any]]]:
    """True values by video and class; an untrimmed video has several actions."""
    try:
        for record in json.loads(path.read_text()):
            for action in record.get('actions', [record]):
                yield (_stem(record['path']), action['label']), action
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TempoStudyError(
            f'{path} holds no true values of demo data ({type(error).__name__}: '
            f'{error})'
        ) from None


def _stem(name: str) -> str:
    """A path without suffix, which some data sets have in their identities."""
    return posixpath.splitext(name)[0]
