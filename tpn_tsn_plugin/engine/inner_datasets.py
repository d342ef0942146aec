"""The data sets that others are made of."""

from collections.abc import Iterator
from typing import Any


def inner_datasets(dataset: Any) -> Iterator[Any]:
    """Yield what data sets that join or repeat others, or add to them, stand for."""
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from inner_datasets(part)
    elif hasattr(dataset, 'dataset'):
        yield from inner_datasets(dataset.dataset)
    else:
        yield dataset
