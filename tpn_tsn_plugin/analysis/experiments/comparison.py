"""Several experiments side by side: mean, spread, and the gain over a baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from scipy.stats import ttest_1samp  # type: ignore[import-untyped]


def mean_and_spread(shares: Sequence[float]) -> str:
    """Mean and, from two values on, standard deviation, in percent; '' of none."""
    if not shares:
        return ''
    text = f'{100 * mean(shares):.1f}'
    return text + (f' ± {100 * stdev(shares):.1f}' if len(shares) > 1 else '')


def paired_difference(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """What one model has more than another with the same seeds, in percentage points.

    Args:
        ours: Shares of one model, one a seed, two or more.
        theirs: Shares of the other with the same seeds.

    Returns:
        Mean difference, its 95 % confidence interval and the two-sided p of Student's
        paired t-test; the mean alone where all differences are equal, which has no
        spread to judge by.
    """
    points = [100 * (a - b) for a, b in zip(ours, theirs, strict=True)]
    text = f'{mean(points):+.1f}'
    # Shares that were added up in another order differ in their last digit.
    if stdev(points) < 1e-9:
        return text
    test = ttest_1samp(points, 0)
    low, high = test.confidence_interval(0.95)
    p = 'p < 0.001' if test.pvalue < 0.001 else f'p = {test.pvalue:.3f}'
    return f'{text} ({low:+.1f} to {high:+.1f}), {p}'


@dataclass(frozen=True)
class Row:
    """One model of a comparison, over all its seeds.

    Attributes:
        model: What the reader calls the model.
        parameters: Number of parameters.
        minutes: Mean training time in minutes.
        accuracies: Test top-1 accuracy of each seed, in percent.
    """

    model: str
    parameters: int
    minutes: float
    accuracies: tuple[float, ...]

    @property
    def accuracy(self) -> str:
        """Mean and, from two seeds on, standard deviation."""
        return mean_and_spread([accuracy / 100 for accuracy in self.accuracies])


def summarise(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Row]:
    """Bring the results of ``run_experiment`` into rows, one a model.

    Args:
        results: Results by model, one a seed.
    """
    return [
        Row(
            model=model,
            parameters=runs[0]['parameters'],
            minutes=mean(run['train_seconds'] for run in runs) / 60,
            accuracies=tuple(100 * run['test']['acc/top1'] for run in runs),
        )
        for model, runs in results.items()
    ]


def markdown(rows: Sequence[Row]) -> str:
    """The comparison as a Markdown table; the first row is the baseline."""
    lines = [
        '| model | parameters | test top-1, % | against the first | training, min |',
        '|---|---|---|---|---|',
    ]
    for row in rows:
        gain = mean(row.accuracies) - mean(rows[0].accuracies)
        lines.append(
            f'| {row.model} | {row.parameters / 1e6:.2f} M | {row.accuracy} | '
            f'{gain:+.1f} | {row.minutes:.1f} |'
        )
    return '\n'.join(lines)
