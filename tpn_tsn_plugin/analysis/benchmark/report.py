"""A benchmark as Markdown tables and as plain values."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .measure import Measured
from .run import Figures
from .settings import Settings

LOW, HIGH = 10, 90
NONE = '–'
VIEW_WORDS = {'one': 'one view', 'all': 'all views'}
# Characters of a reason in a cell; the JSON file has all of it.
REASON = 70
TITLES = {'test': 'Testing', 'train': 'Training'}
WORDS = {'train': 'training', 'test': 'test'}


def to_markdown(
    figures: Sequence[Figures], settings: Settings, machine: dict[str, Any]
) -> str:
    """A table for each part, and a line on how it came about.

    Args:
        figures: What was measured; ratios are to the first.
        settings: What was asked for.
        machine: From ``describe_machine``.
    """
    blocks = []
    if 'size' in settings.parts:
        blocks.append(_size_table(figures))
    for part in TITLES:
        if part in settings.parts:
            blocks.append(_step_table(part, figures, settings))
    if 'data' in settings.parts:
        blocks.append(_data_table(figures, settings))
    return '\n\n'.join([*blocks, _conditions(settings, machine)])


def to_dict(
    figures: Sequence[Figures],
    settings: Settings,
    machine: dict[str, Any],
    command: str,
) -> dict[str, Any]:
    """All of it, every single measurement included."""
    return dict(
        command=command,
        machine=machine,
        settings=asdict(settings),
        configs=[_config(entry) for entry in figures],
    )


def _config(entry: Figures) -> dict[str, Any]:
    candidate = entry.candidate
    splits = {
        split: dict(
            batch=candidate.batches[split],
            view=sample.shape,
            views=sample.views,
            measured_views=candidate.measured_sample(split).views,
            video=candidate.pipelines[split].video.description,
        )
        for split, sample in candidate.samples.items()
    }
    return dict(
        name=candidate.name,
        config=str(Path(candidate.config.filename)),
        inputs=splits,
        parameters=entry.parameters,
        flops_of_a_view=entry.flops.values[0] if entry.flops.values else None,
        seconds={what: times.values for what, times in entry.seconds.items()},
        memory_bytes={part: held.values for part, held in entry.memory.items()},
        failures=entry.failures,
    )


def _size_table(figures: Sequence[Figures]) -> str:
    header = ['config', 'input of a view', 'parameters', 'FLOPs a view', 'views']
    rows = []
    for entry in figures:
        sample = entry.candidate.samples['test']
        flops = entry.flops.values[0] if entry.flops.values else None
        cells = [
            f'`{entry.candidate.name}`',
            sample.shape,
            f'{(entry.parameters or 0) / 1e6:.2f} M',
            _failed(entry.flops) or f'{(flops or 0) / 1e9:.2f} G',
            str(sample.views),
            NONE if flops is None else f'{flops * sample.views / 1e9:.1f} G',
        ]
        rows.append(cells)
    return _table([*header, 'FLOPs a test video'], rows, words=2)


def _step_table(part: str, figures: Sequence[Figures], settings: Settings) -> str:
    what = 'a step' if part == 'train' else VIEW_WORDS[settings.views]
    header = ['config', 'input', 'batch', 'a batch, ms', 'ratio', 'videos/s']
    rows = []
    for entry in figures:
        candidate = entry.candidate
        sample = candidate.measured_sample(part)
        batch = candidate.batches[part]
        times = entry.seconds[part]
        views = f'{sample.views} × ' if sample.views > 1 else ''
        median = _median(times)
        rows.append(
            [
                f'`{candidate.name}`',
                f'{views}{sample.shape}',
                str(batch),
                _failed(times) or _spread(times, 1e3),
                _ratio(_per_video(entry, part), _per_video(figures[0], part)),
                NONE if math.isnan(median) else f'{batch / median:.3g}',
                _failed(entry.memory[part]) or _mebibytes(entry.memory[part]),
                _ratio(_median(entry.memory[part]), _median(figures[0].memory[part])),
            ]
        )
    table = _table([*header, 'memory, MiB', 'ratio'], rows, words=2)
    notes = _differences(part, figures)
    return '\n\n'.join([f'{TITLES[part]}, {what}:', table, *notes])


def _differences(part: str, figures: Sequence[Figures]) -> list[str]:
    """What makes a comparison uneven."""
    inputs = {
        (
            f.candidate.measured_sample(part).shape,
            f.candidate.measured_sample(part).views,
        )
        for f in figures
    }
    batches = {f.candidate.batches[part] for f in figures}
    return [
        f'Not of equal {what}: ratios compare {consequence}.'
        for what, differ, consequence in (
            ('inputs', len(inputs) > 1, 'different work'),
            ('batches', len(batches) > 1, 'times of a video, memory of a batch'),
        )
        if differ
    ]


def _data_table(figures: Sequence[Figures], settings: Settings) -> str:
    # Testing one view loads all of them: no share of the same work.
    shares = {'train': 'train' in settings.parts, 'test': False}
    if 'test' in settings.parts and settings.views == 'all':
        shares['test'] = True
    header = ['config']
    for split, share in shares.items():
        header += [f'{WORDS[split]} video, ms', 'ratio']
        header += ['of its step'] if share else []
    rows = []
    for entry in figures:
        row = [f'`{entry.candidate.name}`']
        for split, share in shares.items():
            times = entry.seconds[f'load {split}']
            first = figures[0].seconds[f'load {split}']
            row.append(_failed(times) or _spread(times, 1e3))
            row.append(_ratio(_median(times), _median(first)))
            if share:
                part = _median(times) / _per_video(entry, split)
                row.append(NONE if math.isnan(part) else f'{100 * part:.0f} %')
        rows.append(row)
    kinds = {
        p.video.description for f in figures for p in f.candidate.pipelines.values()
    }
    title = f'Loading a video ({" or ".join(sorted(kinds))}) in one process'
    title += ', beside the time of its step:' if any(shares.values()) else ':'
    return f'{title}\n\n{_table(header, rows, words=1)}'


def _conditions(settings: Settings, machine: dict[str, Any]) -> str:
    precision = settings.amp or 'float32'
    how = ', torch.compile' if settings.compiled else ''
    place = machine.get('gpu', machine['cpu'])
    versions = ', '.join(f'{k} {v}' for k, v in machine['versions'].items())
    commit = f', commit {machine["commit"]}' if machine['commit'] else ''
    load = machine.get('load_before')
    before = '' if load is None else f', load average {load:g} before'
    lines = [
        f'{place}, {_plural(machine["cores"], "CPU core")}, '
        f'{_plural(machine["threads"], "thread")}, '
        f'{precision}{how}{before}; {versions}{commit}.'
    ]
    if set(settings.parts) != {'size'}:
        lines.append(
            f'Medians of {_plural(settings.runs, "round")} after {settings.warmup}, '
            f'the configs in turns ({LOW}th–{HIGH}th percentile); ratios are to the '
            'first config.'
        )
    return ' '.join(lines)


def _plural(number: int, word: str) -> str:
    return f'{number} {word}' if number == 1 else f'{number} {word}s'


def _per_video(entry: Figures, split: str) -> float:
    """Seconds of a step for each of its videos; not a number if unknown."""
    times = entry.seconds.get(split)
    return _median(times) / entry.candidate.batches[split] if times else math.nan


def _median(measured: Measured) -> float:
    return float(np.median(measured.values)) if measured.values else math.nan


def _ratio(value: float, first: float) -> str:
    ratio = value / first if first else math.nan
    return NONE if math.isnan(ratio) else f'{ratio:.3f}'


def _spread(measured: Measured, scale: float) -> str:
    low, middle, high = np.percentile(measured.values, (LOW, 50, HIGH)) * scale
    digits = max(0, 2 - math.floor(math.log10(middle))) if middle > 0 else 0
    text = f'{middle:.{digits}f}'
    if len(measured.values) == 1:
        return text
    return f'{text} ({low:.{digits}f}–{high:.{digits}f})'


def _mebibytes(measured: Measured) -> str:
    return f'{measured.values[0] / 2**20:.1f}' if measured.values else NONE


def _failed(measured: Measured) -> str:
    if measured.failure is None:
        return ''
    reason = measured.failure.replace('|', '\\|')
    return f'failed: {reason[:REASON]}{"…" if len(reason) > REASON else ""}'


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> str:
    """A Markdown table; columns of words stand left, of numbers right."""
    rules = ['---' if i < words else '---:' for i in range(len(header))]
    lines = [f'| {" | ".join(line)} |' for line in (header, *rows)]
    return '\n'.join([lines[0], f'|{"|".join(rules)}|', *lines[1:]])
