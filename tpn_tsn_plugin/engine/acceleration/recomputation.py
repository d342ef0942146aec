"""Activation checkpointing: computing again what a backward pass needs."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    create_selective_checkpoint_contexts,
)

aten = torch.ops.aten
CONVOLUTION = aten.convolution.default
# What takes time beside convolutions.
PRODUCTS = {aten.mm.default, aten.addmm.default, aten.bmm.default}
BUFFERS = ('running_mean', 'running_var', 'num_batches_tracked')

Contexts = tuple[AbstractContextManager, AbstractContextManager]


def recompute(module: nn.Module, keep: str) -> None:
    """Let a module keep less for its backward pass, and compute the rest again.

    Results, gradients, running statistics and random numbers are the same.

    Args:
        module: Its ``forward`` is replaced on the instance.
        keep: ``'convolutions'``: outputs of convolutions and matrix products are kept;
            ``'narrow'``: those of convolutions that do not widen; ``'nothing'``.
    """
    vars(module)['forward'] = MethodType(FORWARDS[keep], module)


def _keep_convolutions(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    return _checkpointed('convolutions', module, *args, **kwargs)


def _keep_narrow(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    return _checkpointed('narrow', module, *args, **kwargs)


def _keep_nothing(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    return _checkpointed('nothing', module, *args, **kwargs)


# Functions of their own, which models can be pickled and compiled with.
FORWARDS = {
    'convolutions': _keep_convolutions,
    'narrow': _keep_narrow,
    'nothing': _keep_nothing,
}
KEEPS = tuple(FORWARDS)


def _checkpointed(keep: str, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    forward = partial(type(module).forward, module)
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)
    recomputed = partial(checkpoint, forward, *args, use_reentrant=False, **kwargs)
    if not torch.compiler.is_compiling():
        return recomputed(context_fn=partial(_contexts, module, keep))
    # What is compiled counts batches once by itself.
    return recomputed() if keep == 'nothing' else recomputed(context_fn=_policies(keep))


def _policies(keep: str) -> Callable[[], Contexts]:
    return partial(create_selective_checkpoint_contexts, partial(_policy, keep))


def _contexts(module: nn.Module, keep: str) -> Contexts:
    if keep == 'nothing':
        return nullcontext(), _on_copies(module, nullcontext())
    first, again = _policies(keep)()
    return first, _on_copies(module, again)


def _policy(
    keep: str, _: Any, operator: Any, *args: Any, **kwargs: Any
) -> CheckpointPolicy:
    kept = operator in PRODUCTS
    if operator is CONVOLUTION:
        weight, groups = args[1], args[8]
        # The widening convolution of a bottleneck is the cheapest of its three, and
        # its output four times as large.
        kept = keep == 'convolutions' or weight.shape[0] <= weight.shape[1] * groups
    return CheckpointPolicy.MUST_SAVE if kept else CheckpointPolicy.PREFER_RECOMPUTE


@contextmanager
def _on_copies(module: nn.Module, inner: AbstractContextManager) -> Iterator[None]:
    """Compute again without counting a batch twice: statistics are copies meanwhile."""
    counted = [
        (part, name, part._buffers[name])
        for part in module.modules()
        for name in BUFFERS
        if part.training and part._buffers.get(name) is not None
    ]
    for part, name, buffer in counted:
        part._buffers[name] = None if buffer is None else buffer.clone()
    try:
        with inner:
            yield
    finally:
        for part, name, buffer in counted:
            part._buffers[name] = buffer
