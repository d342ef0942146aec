"""Activation checkpointing: computing again what a backward pass needs."""

from collections.abc import Iterator
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
KEEPS = ('convolutions', 'narrow', 'nothing')


def recompute(module: nn.Module, keep: str) -> None:
    """Let a module keep less for its backward pass, and compute the rest again.

    Results, gradients, running statistics and random numbers are the same.

    Args:
        module: Its ``forward`` is replaced on the instance.
        keep: ``'convolutions'``: outputs of convolutions and matrix products are kept;
            ``'narrow'``: those of convolutions that do not widen; ``'nothing'``.
    """
    vars(module)['forward'] = MethodType(partial(_checkpointed, keep), module)


def _checkpointed(keep: str, module: nn.Module, *args: Any, **kwargs: Any) -> Any:
    forward = MethodType(type(module).forward, module)
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)
    return checkpoint(
        forward,
        *args,
        use_reentrant=False,
        context_fn=partial(_contexts, module, keep),
        **kwargs,
    )


def _contexts(module: nn.Module, keep: str) -> Contexts:
    if keep == 'nothing':
        return nullcontext(), _on_copies(module, nullcontext())
    first, again = create_selective_checkpoint_contexts(partial(_policy, keep))
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
