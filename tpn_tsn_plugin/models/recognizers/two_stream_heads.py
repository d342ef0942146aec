"""The heads of a two-stream network: which there are, and what they say together."""

from collections.abc import Sequence

from mmaction.structures import ActionDataSample
from torch import Tensor, nn

# Of the first stream that reaches its end, and of the second.
HEADS = ('cls_head', 'temporal_head')


def require_heads(streams: Sequence[str], temporal_head: dict | None) -> None:
    """Check that every stream that reaches its end has a head.

    Raises:
        ValueError: A head is missing, or has no stream.
    """
    if len(streams) == 2 and temporal_head is None:
        raise ValueError(
            'both streams reach their end, so the temporal one needs temporal_head; '
            'give it one, or cut a stream by a stream_fusion with keep=False'
        )
    if len(streams) == 1 and temporal_head is not None:
        raise ValueError(
            f'only the {streams[0]} stream is left, and cls_head is its head; leave '
            'temporal_head out, or keep the other stream (keep=True)'
        )


def require_same_classes(first: nn.Module, second: nn.Module) -> None:
    """Check that two heads have the same classes.

    Raises:
        ValueError: Their numbers differ.
    """
    if first.num_classes != second.num_classes:
        raise ValueError(
            f'cls_head.num_classes={first.num_classes} and temporal_head.num_classes='
            f'{second.num_classes} must be equal; set both'
        )


def require_weights(weights: Sequence[float]) -> tuple[float, ...]:
    """Check the weights of the heads' predictions.

    Raises:
        ValueError: They are not two, one is negative, or both are 0.
    """
    if len(weights) != 2 or min(weights) < 0 or sum(weights) <= 0:
        raise ValueError(
            f'head_weights must be two numbers from 0 on, not both 0, got {weights!r}'
        )
    return tuple(weights)


def average_predictions(
    data_samples: Sequence[ActionDataSample],
    scores: Sequence[Sequence[Tensor]],
    weights: Sequence[float],
) -> None:
    """Write the weighted mean of the heads' scores into the samples.

    Args:
        data_samples: One sample a video.
        scores: Of each head, one a sample.
        weights: Of each head.
    """
    total = sum(weights)
    for sample, *own in zip(data_samples, *scores, strict=True):
        weighted = [weight * score for weight, score in zip(weights, own, strict=True)]
        sample.set_pred_score(sum(weighted[1:], weighted[0]) / total)
        sample.set_pred_label(sample.pred_score.argmax(dim=-1, keepdim=True))
