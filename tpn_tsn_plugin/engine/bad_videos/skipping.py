"""Metrics that leave out samples which stand for bad videos, and say so."""

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import BaseMetric

from tpn_tsn_plugin.errors import BadVideoError

from .guarded_preparation import BAD_VIDEOS

COVERAGE = 'coverage'


class Skipped:
    """Stands among a metric's results where there is none.

    Ranks join their results one by one, so all need as many as they had samples.
    """


def skip_bad_videos(metric: BaseMetric) -> None:
    """Have a metric leave out samples that stand for bad videos.

    To what it computes ``coverage`` is added, the share of samples that count.

    Args:
        metric: One of an evaluator; it must have a result for each sample.
    """
    process, compute = metric.process, metric.compute_metrics

    def process_all(data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        before = len(metric.results)
        process(data_batch, data_samples)
        skipped = [i for i, own in enumerate(data_samples) if own.get(BAD_VIDEOS)]
        if skipped and len(metric.results) - before != len(data_samples):
            raise BadVideoError(
                f'{type(metric).__name__} has no result for each sample, so bad videos '
                "cannot be left out of it; test with testing='fail'"
            )
        for place in skipped:
            metric.results[before + place] = Skipped()

    def compute_all(results: list[Any]) -> dict[str, Any]:
        kept = [result for result in results if not isinstance(result, Skipped)]
        if not kept:
            raise BadVideoError(
                f'none of {len(results)} videos can be read, so there is no '
                f'{type(metric).__name__}'
            )
        metrics: dict[str, Any] = dict(compute(kept))
        if metrics:
            metrics[COVERAGE] = len(kept) / len(results)
        return metrics

    metric.process, metric.compute_metrics = process_all, compute_all
