"""Which way to compute a convolution is the fastest here, by trying.

Shape letters: C channels, T time, H height, W width.
"""

import platform
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from .conv3d import DIRECT, WAYS, compute, ways_of

# Rounds of a trial, and by how much another way has to be faster: a choice should not
# hang on noise.
ROUNDS, MARGIN = 5, 0.95

Times = dict[str, dict[str, float]]


class Seen(NamedTuple):
    """What a layer has been given.

    Args:
        shape: Of one sample, (C, T, H, W).
        dtype: The number type that it computes with.
        memory_format: The memory format of its input.
        backward: Whether gradients are computed, too.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    memory_format: torch.memory_format
    backward: bool


@contextmanager
def inputs_seen(model: nn.Module) -> Iterator[dict[str, Seen]]:
    """Watch what the layers with several ways get first, by the layers' names."""
    seen: dict[str, Seen] = {}

    def watch(name: str, conv: nn.Module) -> RemovableHandle:
        def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if name not in seen:
                seen[name] = _look_at(inputs[0])

        return conv.register_forward_pre_hook(keep)

    handles = [
        watch(name, module)
        for name, module in model.named_modules()
        if len(ways_of(module)) > 1
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _look_at(x: Tensor) -> Seen:
    dtype = x.dtype
    if torch.is_autocast_enabled(x.device.type):
        dtype = torch.get_autocast_dtype(x.device.type)
    last = torch.channels_last_3d
    plain = x.is_contiguous() or not x.is_contiguous(memory_format=last)
    return Seen(
        tuple(x.shape[1:]),
        dtype,
        torch.contiguous_format if plain else last,
        torch.is_grad_enabled(),
    )


def machine_of(device: torch.device) -> str:
    """What a time depends on beside the layer: the device and the libraries."""
    if device.type == 'cuda':
        name = torch.cuda.get_device_name(device)
    else:
        name = str(torch.cpu.get_capabilities().get('cpu_name', platform.machine()))
        name += f', {torch.get_num_threads()} threads'
    return f'{name}, torch {torch.__version__}'


def key_of(conv: nn.Conv3d, seen: Seen) -> str:
    """What layers have in common that need one trial."""
    parts = [conv.kernel_size, conv.stride, conv.padding, conv.dilation]
    numbers = ' '.join('x'.join(map(str, part)) for part in parts)
    return (
        f'{"x".join(map(str, seen.shape))} to {conv.out_channels}, '
        f'kernel stride padding dilation {numbers}, groups {conv.groups}, '
        f'{str(seen.dtype).removeprefix("torch.")}, '
        f'{str(seen.memory_format).removeprefix("torch.")}'
        f'{", with gradients" if seen.backward else ""}'
    )


def time_ways(conv: nn.Conv3d, seen: Seen) -> dict[str, float]:
    """Try all ways of a layer in turns, on one sample.

    Args:
        conv: The layer; its own weights and ways stay as they are.
        seen: What it is given.

    Returns:
        Milliseconds by way, the shortest: whatever disturbs a trial makes it longer.
    """
    device = conv.weight.device
    convert = partial(Tensor.to, dtype=seen.dtype, memory_format=seen.memory_format)
    weight = convert(conv.weight.detach()).requires_grad_(seen.backward)
    bias = None if conv.bias is None else conv.bias.detach().to(seen.dtype)
    x = torch.full((1, *seen.shape), 0.5, device=device)
    # What comes first in a model has no gradient; that it gets one here slows all ways.
    x = convert(x).requires_grad_(seen.backward)
    times: dict[str, list[float]] = {way: [] for way in _worth_trying(conv, seen)}
    with torch.set_grad_enabled(seen.backward):
        for _ in range(ROUNDS + 1):
            for way, found in times.items():
                found.append(_seconds(conv, way, x, weight, bias))
    return {way: 1e3 * min(found[1:]) for way, found in times.items()}


def _worth_trying(conv: nn.Conv3d, seen: Seen) -> list[str]:
    ways = ways_of(conv)
    if seen.backward and seen.memory_format == torch.contiguous_format:
        # Its transposed maps would be kept for the backward pass, twice the memory.
        ways = [way for way in ways if way != 'frames']
    return ways


def _seconds(
    conv: nn.Conv3d, way: str, x: Tensor, weight: Tensor, bias: Tensor | None
) -> float:
    run = nn.Conv3d._conv_forward if way == DIRECT else WAYS[way]
    _wait(x.device)
    start = time.perf_counter()
    out = run(conv, x, weight, bias)
    if out.requires_grad:
        out.backward(torch.ones_like(out))
    _wait(x.device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def fastest(times: Mapping[str, float]) -> str:
    """Choose a way: ``'direct'`` unless another one is faster by more than noise."""
    way = min(times, key=times.__getitem__)
    return way if times[way] < MARGIN * times[DIRECT] else DIRECT


def choose(model: nn.Module, seen: Mapping[str, Seen], known: Times) -> dict[str, str]:
    """Choose the fastest way of each layer.

    Args:
        model: The model.
        seen: What its layers are given, by their names, of :func:`inputs_seen`.
        known: Times of earlier trials by :func:`key_of`; new ones are added.

    Returns:
        Ways by the layers' names.
    """
    chosen = {}
    for name, given in seen.items():
        conv = cast(nn.Conv3d, model.get_submodule(name))
        key = key_of(conv, given)
        if key not in known:
            known[key] = time_ways(conv, given)
        chosen[name] = fastest(known[key])
    return chosen


def force(model: nn.Module, flat: bool) -> dict[str, str]:
    """Choose without trying: the flat way where there is one, or none anywhere."""
    ways = {name: ways_of(module) for name, module in model.named_modules()}
    return {
        name: known[-1] if flat else DIRECT for name, known in ways.items() if known
    }


def apply(model: nn.Module, chosen: Mapping[str, str]) -> None:
    """Let layers compute as chosen, by their names."""
    for name, way in chosen.items():
        compute(cast(nn.Conv3d, model.get_submodule(name)), way)


def summary(chosen: Mapping[str, str]) -> str:
    """Say how many layers go which way."""
    counts = Counter(chosen.values())
    ways = [f'{counts[way]} {way}' for way in (DIRECT, *WAYS) if counts[way]]
    return f'3D convolutions: {", ".join(ways) or "none to choose for"}'
