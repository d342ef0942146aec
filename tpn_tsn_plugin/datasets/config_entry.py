"""Which entry of a config is the data set, where others repeat or join it."""

from mmengine.config import Config, ConfigDict

# What MMEngine's wrappers call the data sets inside: RepeatDataset, ConcatDataset.
INNER = ('dataset', 'datasets')


def find_dataset(config: Config, split: str) -> ConfigDict:
    """The entry of a loader's data set that holds the pipeline.

    Args:
        config: A whole config.
        split: ``'train'``, ``'val'`` or ``'test'``.

    Returns:
        The entry itself, not a copy: below what repeats data sets, and of what joins
        several the first one. Empty where the config has none.
    """
    entry = (config.get(f'{split}_dataloader') or {}).get('dataset')
    while entry and 'pipeline' not in entry:
        wrapped = [entry[key] for key in INNER if entry.get(key)]
        if not wrapped:
            break
        (inner, *_) = wrapped
        entry = inner[0] if isinstance(inner, list | tuple) else inner
    return entry or ConfigDict()
