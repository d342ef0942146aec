"""A whole benchmark: every part, for every config."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2

from .candidate import Candidate
from .flops import count_flops, count_parameters
from .measure import Advance, Measured, peak_bytes, time_in_turns
from .settings import Settings


@dataclass
class Figures:
    """All that was measured of a config.

    Attributes:
        candidate: The config.
        parameters: Number of parameters; None where it was not asked for.
        flops: FLOPs of one view of one test video.
        seconds: Times by what was done: ``'test'`` and ``'train'`` for a batch,
            ``'load train'`` and ``'load test'`` for a video.
        memory: Bytes at most, ``'test'`` and ``'train'``.
    """

    candidate: Candidate
    parameters: int | None = None
    flops: Measured = field(default_factory=Measured)
    seconds: dict[str, Measured] = field(default_factory=dict)
    memory: dict[str, Measured] = field(default_factory=dict)

    @property
    def failures(self) -> dict[str, str]:
        """Why something failed, by what it was."""
        found = {'FLOPs': self.flops.failure}
        found.update({what: times.failure for what, times in self.seconds.items()})
        found.update({f'{k} memory': m.failure for k, m in self.memory.items()})
        return {what: why for what, why in found.items() if why is not None}


def count_steps(configs: int, settings: Settings) -> int:
    """How often ``run_benchmark`` tells how far it has come."""
    each = dict(size=1, test=1, train=1, data=0)
    rounds = dict(size=0, test=1, train=1, data=2)
    turns = settings.warmup + settings.runs
    return configs * sum(each[p] + rounds[p] * turns for p in settings.parts)


def run_benchmark(
    candidates: Sequence[Candidate], settings: Settings, advance: Advance
) -> list[Figures]:
    """Measure configs.

    Args:
        candidates: The configs, each of a name of its own.
        settings: What is measured.
        advance: Told what is being done, before each measurement.

    Returns:
        The figures of each config. What fails does not stop what else there is.
    """
    figures = [Figures(candidate) for candidate in candidates]
    if 'size' in settings.parts:
        for entry in figures:
            advance(f'FLOPs: {entry.candidate.name}')
            _count(entry)
    for part in ('test', 'train'):
        if part in settings.parts:
            _measure(part, figures, settings, advance)
    if 'data' in settings.parts:
        for split in ('train', 'test'):
            _load(split, figures, settings, advance)
    return figures


def _count(entry: Figures) -> None:
    candidate = entry.candidate
    entry.parameters = count_parameters(candidate.model)
    view = candidate.samples['test'].one_view().noise(0)['inputs']
    inputs = (
        {key: x[None].float() for key, x in view.items()}
        if isinstance(view, dict)
        else view[None].float()
    )
    try:
        entry.flops.values.append(count_flops(candidate.model, inputs))
    except Exception as error:
        entry.flops.fail(error)


def _measure(
    part: str, figures: Sequence[Figures], settings: Settings, advance: Advance
) -> None:
    prepare = {f.candidate.name: getattr(f.candidate, f'{part}_step') for f in figures}
    times = time_in_turns(
        prepare,
        settings.runs,
        settings.warmup,
        settings.device,
        lambda name: advance(f'{part}: {name}'),
    )
    for entry in figures:
        candidate = entry.candidate
        advance(f'{part} memory: {candidate.name}')
        entry.seconds[part] = times[candidate.name]
        entry.memory[part] = memory = Measured()
        if entry.seconds[part].failure is not None:
            continue
        try:
            peak = peak_bytes(prepare[candidate.name](), settings.device)
            memory.values.append(peak + candidate.held_bytes(part))
        except Exception as error:
            memory.fail(error)


def _load(
    split: str, figures: Sequence[Figures], settings: Settings, advance: Advance
) -> None:
    threads = cv2.getNumThreads()
    # As in the workers of a data loader.
    cv2.setNumThreads(0)
    try:
        times = time_in_turns(
            {f.candidate.name: partial(f.candidate.load_step, split) for f in figures},
            settings.runs,
            settings.warmup,
            'cpu',
            lambda name: advance(f'loading: {name}'),
        )
    finally:
        cv2.setNumThreads(threads)
    for entry in figures:
        entry.seconds[f'load {split}'] = times[entry.candidate.name]
