"""Labels that predictions are compared with."""

from collections.abc import Iterable


def require_labels(labels: Iterable[int], num_classes: int, task: str = '') -> None:
    """Check that class indices belong to classes that were scored.

    Args:
        labels: Class indices.
        num_classes: Number of scores.
        task: Whose labels they are, for the message.

    Raises:
        ValueError: One is out of range.
    """
    for label in labels:
        if not 0 <= label < num_classes:
            raise ValueError(
                f'{task}label {label} is out of range: predictions have '
                f'{num_classes} classes, 0 to {num_classes - 1}; correct the '
                "annotation file or the head's number of classes"
            )
