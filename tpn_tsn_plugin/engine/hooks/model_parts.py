"""Parts of a runner's model by name."""

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn


def model_of(runner: Runner) -> Any:
    """The model itself, without what data parallelism wraps around it."""
    model = runner.model
    return model.module if is_model_wrapper(model) else model


def part_of(model: nn.Module, name: str, option: str = 'module') -> nn.Module:
    """Find a part of a model.

    Args:
        model: A model.
        name: Dotted name of the part; ``''`` is the whole model.
        option: What the name was given as, for the message.

    Raises:
        ValueError: There is no such part.
    """
    try:
        return model.get_submodule(name)
    except AttributeError:
        parts = [child for child, _ in model.named_children()]
        raise ValueError(
            f'{option} must name a part of {type(model).__name__}, one of {parts} or a '
            f'part of these, got {name!r}'
        ) from None
