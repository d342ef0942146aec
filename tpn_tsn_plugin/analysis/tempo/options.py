"""What a tempo study is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tpn_tsn_plugin.analysis.trained_model import read_config

from .files import Part, digest, digest_text
from .robustness import TestedModel


@dataclass(frozen=True)
class StudyOptions:
    """What a study is made of.

    Attributes:
        config: Of the network that measures tempo.
        checkpoint: Its weights.
        out: Folder of the study.
        cfg_options: What changes in the config, ``key=value`` each.
        split: Whose videos are measured, ``'test'`` or ``'val'``.
        labels: Names of the classes; None for those that the data set knows.
        groups: For each class what it counts as in a second accuracy of the tests, or
            None.
        device: Where the network runs.
        baseline: What half of a curve is counted from.
        smooth: Standard deviation, in frames, of what smooths curves; 0 for nothing.
        unit: Of widths, ``'frames'`` or ``'seconds'``.
        bin_by: Of what there is ``bin_size`` in a bin.
        bin_size: How much.
        models: Models to compare; the first is the baseline of gains.
        dumps: Saved predictions of baseline and model, in place of ``models``.
        intervals: Sampling intervals to test with; None for the usual ones.
        metric: What accuracy is in these tests.
    """

    config: Path
    checkpoint: Path
    out: Path
    cfg_options: tuple[str, ...] = ()
    split: str = 'test'
    labels: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    device: str = 'cpu'
    baseline: str = 'zero'
    smooth: float = 0
    unit: str = 'frames'
    bin_by: str = 'classes'
    bin_size: float = 10
    models: tuple[TestedModel, ...] = ()
    dumps: tuple[Path, ...] = ()
    intervals: tuple[int, ...] | None = None
    metric: str = 'acc/top1'

    def parts(self, config_text: str) -> Iterator[Part]:
        """What the folder's content depends on."""
        yield Part(
            'curves',
            dict(
                config=digest_text(config_text),
                checkpoint=digest(self.checkpoint),
                split=self.split,
            ),
            'curves.csv',
        )
        for model in self.models:
            yield Part(
                f'model {model.name}',
                dict(
                    config=digest_text(read_config(model.config).pretty_text),
                    checkpoint=digest(model.checkpoint),
                ),
                f'tests/{model.name}_interval*',
            )
        if self.dumps:
            yield Part('dumps', dict(dumps=digest(*self.dumps)))
        shown = (
            'baseline',
            'smooth',
            'unit',
            'bin_by',
            'bin_size',
            'intervals',
            'metric',
            'groups',
            'labels',
        )
        yield Part('report', {name: getattr(self, name) for name in shown})
