"""The account of a conversion: a summary, every key as text, every key as JSON."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tpn_tsn_plugin.functional.weight_transfer import summarise

from .conversion import Conversion


def summary(conversion: Conversion) -> list[str]:
    """The account in a few lines, for a terminal."""
    weights = len(conversion.mapped) + len(conversion.missing)
    misshapen = len(conversion.misshapen)
    lines = [
        f'{conversion.source_format}: {len(conversion.mapped)} of '
        f'{_plural(weights + misshapen, "weight")} of the model mapped'
    ]
    if conversion.spread:
        lines.append(f'{len(conversion.spread)} of them spread over time')
    if conversion.counters:
        lines.append(
            f'{_plural(len(conversion.counters), "counter")} of batches put to 0'
        )
    reasons = Counter(conversion.dropped.values())
    lines += [f'{count} dropped: {reason}' for reason, count in reasons.items()]
    lines += faults(conversion)
    return lines + [f'note: {note}' for note in conversion.notes]


def faults(conversion: Conversion) -> list[str]:
    """What keeps a conversion from being complete, a phrase each."""
    kinds: list[tuple[str, Sequence[str]]] = [
        ('missing in it', [*conversion.missing]),
        ('of another shape', conversion.misshapen),
        ('unknown to the model', [*conversion.unknown]),
    ]
    lines = [
        f'{_plural(len(names), "weight")} {kind} ({summarise(names)})'
        for kind, names in kinds
        if names
    ]
    return lines + conversion.differences


def to_text(conversion: Conversion) -> str:
    """Every key, in sections."""
    sections: list[tuple[str, Iterable[str]]] = [
        ('Differences', conversion.differences),
        ('Missing in the checkpoint', _with_shapes(conversion.missing)),
        ('Of another shape', conversion.misshapen),
        ('Unknown to the model', _with_shapes(conversion.unknown)),
        ('Dropped', (f'{key}: {why}' for key, why in conversion.dropped.items())),
        ('Spread over time', conversion.spread),
        ('Counters that start at 0', conversion.counters),
        ('Mapped', (f'{key} -> {own}' for own, key in conversion.mapped.items())),
    ]
    lines = summary(conversion)
    for title, entries in sections:
        entries = list(entries)
        lines += ['', f'{title} ({len(entries)})', *(f'  {e}' for e in entries)]
    return '\n'.join(lines) + '\n'


def to_dict(conversion: Conversion) -> dict[str, Any]:
    """Every key, for JSON."""
    return dict(
        source_format=conversion.source_format,
        complete=conversion.is_complete,
        mapped={key: own for own, key in conversion.mapped.items()},
        spread_over_time=conversion.spread,
        counters_from_0=conversion.counters,
        dropped=conversion.dropped,
        missing={name: list(shape) for name, shape in conversion.missing.items()},
        of_another_shape=conversion.misshapen,
        unknown={name: list(shape) for name, shape in conversion.unknown.items()},
        differences=conversion.differences,
        notes=conversion.notes,
    )


def _plural(number: int, word: str) -> str:
    return f'{number} {word}' if number == 1 else f'{number} {word}s'


def _with_shapes(entries: dict[str, tuple[int, ...]]) -> list[str]:
    return [f'{name} {shape}' for name, shape in entries.items()]
