"""All iterations of TV-L1 at one scale.

Shape letters: N pairs, C channels, H and W pixels, M = H·W.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .iteration import Linearised, Step, Unknowns
from .median import median_filter
from .parameters import TVL1Parameters
from .pictures import central_differences, on_canvas, warp

# Below this squared gradient brightness tells nothing.
LEAST_GRADIENT = torch.finfo(torch.float32).eps


class Kernels(NamedTuple):
    """What the time goes into: the step, and the median where it is not OpenCV's."""

    step: Step
    select: Callable[[Tensor, int], Tensor]


def refine(
    field: Tensor,
    before: Tensor,
    after: Tensor,
    parameters: TVL1Parameters,
    kernels: Kernels,
) -> Tensor:
    """Run all warps of one scale."""
    scaling = parameters.tau / parameters.theta
    unknowns = Unknowns(field * scaling)
    brightness = on_canvas(torch.cat((after, *central_differences(after)), 1))
    for _ in range(parameters.warpings_number):
        displaced = warp(brightness, unknowns.field / scaling)
        linearised = linearise(displaced, before, unknowns.field, parameters)
        _relax(unknowns, linearised, parameters, kernels)
    return unknowns.field / scaling


def linearise(
    displaced: Tensor, before: Tensor, field: Tensor, parameters: TVL1Parameters
) -> Linearised:
    """Write rho as it is at u = 0 plus what u adds."""
    scaling = parameters.tau / parameters.theta
    unit = parameters.attachment * parameters.theta
    gradient = displaced[:, 1:]
    squared = gradient.square().sum(1, keepdim=True)
    # Where brightness tells nothing, v is u.
    share = torch.where(squared < LEAST_GRADIENT, 0, -1 / (unit * squared))
    at_rest = displaced[:, :1] - before
    at_rest = at_rest - (gradient * field).sum(1, keepdim=True) / scaling
    parts = at_rest * share, gradient * (share / scaling), gradient * (unit * scaling)
    return Linearised(*(part.flatten(2) for part in parts))


def _relax(
    unknowns: Unknowns,
    linearised: Linearised,
    parameters: TVL1Parameters,
    kernels: Kernels,
) -> None:
    """Iterate each pair until it rests, or as often as the parameters allow."""
    *_, height, width = unknowns.shape
    rest = parameters.epsilon * parameters.tau / parameters.theta
    rest *= math.sqrt(height * width)
    moving, places = unknowns, torch.arange(len(unknowns), device=unknowns.now.device)
    for _ in range(parameters.outer_iterations):
        if parameters.median_filtering > 1:
            median_filter(moving.field, parameters.median_filtering, kernels.select)
        active = _iterate(moving, linearised, parameters, rest, kernels.step)
        kept = active.flatten().nonzero()[:, 0]
        if len(kept) < len(moving):
            if moving is not unknowns:
                unknowns.put(places, moving)
            places, linearised = places[kept], linearised.take(kept)
            moving = moving.take(kept)
            if not len(kept):
                return
    if moving is not unknowns:
        unknowns.put(places, moving)


def _iterate(
    unknowns: Unknowns,
    linearised: Linearised,
    parameters: TVL1Parameters,
    rest: float,
    step: Step,
) -> Tensor:
    """Iterate between two median filterings; return which pairs still move."""
    alone = len(unknowns) == 1
    look_every = look_interval(unknowns.now.device)
    active = None
    for number in range(1, parameters.inner_iterations + 1):
        moved = step(unknowns, linearised, parameters.tau, active)
        # A pair that rests does not move again: the length of its change is then 0.
        moving = moved > rest
        active = None if alone and look_every == 1 else moving.float()
        if number % look_every == 0 and not moving.any():
            break
    return moving


def look_interval(device: torch.device) -> int:
    """Iterations between two looks at which pairs rest, for which a GPU has to stop."""
    return 1 if device.type == 'cpu' else 10
