"""The algorithms that estimate optical flow, and their parameters.

A further algorithm is a further entry of ``ALGORITHMS``. It is given pairs of frames
one after another and may work on several at once. Shape letters: H and W pixels.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from numbers import Integral, Real
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import MissingDependencyError, require_one_of

from .tvl1 import TVL1Parameters, estimate_tvl1, pairs_that_fit

# Sides in pixels: OpenCV's dense inverse search crashes below the first, and needs full
# resolution below the second, where objects measure a few pixels.
LEAST_SIDE, SMALL_SIDE = 16, 128
# Below these it crashes as well.
LEAST = {'patch_size': 4, 'patch_stride': 1}

Field = NDArray[np.float32]
Levels = NDArray[np.uint8]
Pair = tuple[Levels, Levels]
Parameters = Mapping[str, Any]
# OpenCV's ``DenseOpticalFlow``; its annotations demand a buffer that calc need not get.
Estimator = Any


class Algorithm(NamedTuple):
    """A way to estimate optical flow.

    Attributes:
        run: Makes one field of each pair of grey frames, with all parameters given.
        parameters: Its parameters and their defaults.
    """

    run: Callable[[Iterator[Pair], Parameters], Iterator[Field]]
    parameters: Parameters


def _dis(pairs: Iterator[Pair], values: Parameters) -> Iterator[Field]:
    options = dict(values)
    halvings = options.pop('halvings')
    first = next(pairs, None)
    if first is None:
        return
    height, width = first[0].shape
    if min(height, width) >> halvings < LEAST_SIDE:
        after = f', after {halvings} halvings' if halvings else ''
        raise ValueError(
            f"algorithm 'dis' needs frames of at least {LEAST_SIDE} pixels a side"
            f'{after}, got shape {first[0].shape}'
        )
    small = _halved(chain([first], pairs), halvings)
    for field in _run_opencv(_create_dis, small, options):
        if halvings:
            times = width / field.shape[1], height / field.shape[0]
            field *= np.array(times, np.float32)
            field = np.asarray(cv2.resize(field, (width, height)), np.float32)
        yield field


def _halved(pairs: Iterator[Pair], times: int) -> Iterator[Pair]:
    last = small = None
    for before, after in pairs:
        # Neighbouring pairs share a frame.
        first = small if before is last and small is not None else _halve(before, times)
        last, small = after, _halve(after, times)
        yield first, small


def _halve(frame: Levels, times: int) -> Levels:
    """Mean of each 2×2 pixels, as often as asked for."""
    step = times
    # OpenCV is fast where sides are divided without remainder.
    while step > 1 and any(side % 2**step for side in frame.shape):
        step -= 1
    if times == 0:
        return frame
    size = frame.shape[1] >> step, frame.shape[0] >> step
    half = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return _halve(np.asarray(half, np.uint8), times - step)


def _create_dis(shape: tuple[int, ...], values: Parameters) -> Estimator:
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if min(shape) < SMALL_SIDE:
        estimator.setFinestScale(0)
    finest, patch_size = values['finest_scale'], values['patch_size']
    if finest is None:
        finest = estimator.getFinestScale()
    coarsest = _coarsest_scale(shape, patch_size)
    if coarsest < 0:
        raise ValueError(
            f"parameter patch_size of 'dis' is too large for frames of shape {shape}, "
            f'got {patch_size}; the default is 8'
        )
    if finest > coarsest:
        raise ValueError(
            f"parameter finest_scale of 'dis' must be at most {coarsest} for frames of "
            f'shape {shape} and patch_size={patch_size}, got {finest}; OpenCV would '
            'take others in its place, which are much slower'
        )
    return estimator


def _coarsest_scale(shape: tuple[int, ...], patch_size: int) -> int:
    """Where OpenCV's dense inverse search begins: a side halved so many times."""
    long, short = max(shape), min(shape)
    return min(
        int(math.log2(long / (4 * patch_size)) + 0.5),
        int(math.log2(short / patch_size)),
    )


def _tvl1(_: tuple[int, ...], __: Parameters) -> Estimator:
    # opencv-python leaves the folder of opencv-contrib-python's module, empty.
    optflow = getattr(cv2, 'optflow', None)
    if not hasattr(optflow, 'DualTVL1OpticalFlow'):
        raise MissingDependencyError(
            "algorithm 'tvl1' needs cv2.optflow, which is missing: opencv-python has "
            'overwritten opencv-contrib-python; run `pip install --force-reinstall '
            "--no-deps opencv-contrib-python`, or take the algorithm 'tvl1_torch', the "
            "same method, or 'dis', which is faster"
        )
    return cv2.optflow.DualTVL1OpticalFlow.create()


def _farneback(_: tuple[int, ...], __: Parameters) -> Estimator:
    return cv2.FarnebackOpticalFlow.create()


def _by_opencv(
    create: Callable[[tuple[int, ...], Parameters], Estimator], **parameters: Any
) -> Algorithm:
    return Algorithm(partial(_run_opencv, create), parameters)


def _run_opencv(
    create: Callable[[tuple[int, ...], Parameters], Estimator],
    pairs: Iterator[Pair],
    values: Parameters,
) -> Iterator[Field]:
    """Run an estimator of OpenCV, whose setters are called like the parameters."""
    estimator = None
    for before, after in pairs:
        if estimator is None:
            estimator = create(before.shape, values)
            for name, value in values.items():
                if value is not None:
                    setter = f'set{name.title().replace("_", "")}'
                    getattr(estimator, setter)(value)
        yield estimator.calc(before, after, None)


def _tvl1_torch(pairs: Iterator[Pair], values: Parameters) -> Iterator[Field]:
    parameters = TVL1Parameters.from_names(values)
    device = torch.get_default_device()
    for group in _groups(pairs, device):
        before, after = (
            torch.from_numpy(np.stack(frames)).to(device)
            for frames in zip(*group, strict=True)
        )
        with _threads_of_opencv():
            fields = estimate_tvl1(before, after, parameters)
        yield from fields.cpu().numpy()


def _groups(pairs: Iterator[Pair], device: torch.device) -> Iterator[list[Pair]]:
    """Take as many pairs at once as are worked on together."""
    for pair in pairs:
        height, width = pair[0].shape
        count = pairs_that_fit(height, width, device)
        yield [pair, *islice(pairs, count - 1)]


@contextmanager
def _threads_of_opencv() -> Iterator[None]:
    """Take no more threads than OpenCV, which worker processes keep to one core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(min(threads, max(1, cv2.getNumThreads())))
    try:
        yield
    finally:
        torch.set_num_threads(threads)


TVL1 = TVL1Parameters().by_name()
# By name. TV-L1 has OpenCV's defaults, Farneback those of MMAction2's extraction tool.
ALGORITHMS: dict[str, Algorithm] = {
    'dis': Algorithm(
        _dis,
        dict(
            finest_scale=None,  # 1, or 0 for small frames
            patch_size=8,
            patch_stride=3,
            gradient_descent_iterations=25,
            variational_refinement_iterations=5,
            # Not OpenCV's: how often frames are halved, and then fields doubled.
            halvings=0,
        ),
    ),
    'farneback': _by_opencv(
        _farneback,
        pyr_scale=0.5,
        num_levels=3,
        win_size=15,
        num_iters=3,
        poly_n=5,
        poly_sigma=1.2,
    ),
    'tvl1': _by_opencv(_tvl1, **TVL1, gamma=0.0),
    # Without gamma, for which brightness may change.
    'tvl1_torch': Algorithm(_tvl1_torch, TVL1),
}


def complete_parameters(
    algorithm: str, parameters: Parameters | None = None
) -> dict[str, Any]:
    """Check parameters of an algorithm and add the ones that are not given.

    Args:
        algorithm: A key of ``ALGORITHMS``.
        parameters: Values that differ from the defaults.

    Returns:
        All parameters, in a fixed order, as JSON reads them back.

    Raises:
        ValueError: There is no such algorithm or parameter, or a value is no number
            of its kind.
    """
    require_one_of('algorithm', algorithm, ALGORITHMS)
    defaults = ALGORITHMS[algorithm].parameters
    given = dict(parameters or {})
    for name, value in given.items():
        require_one_of(f'parameter of {algorithm!r}', name, defaults)
        if value is not None or defaults[name] is not None:
            given[name] = _number(
                f'parameter {name} of {algorithm!r}',
                value,
                defaults[name],
                LEAST.get(name, 0),
            )
    return {name: given.get(name, default) for name, default in defaults.items()}


def _number(what: str, value: Any, default: Any, least: int) -> float:
    whole = not isinstance(default, float)
    number = isinstance(value, Integral if whole else Real)
    if not number or isinstance(value, bool) or not least <= value < math.inf:
        raise ValueError(
            f'{what} must be a {"whole " if whole else ""}number from {least} on, '
            f'got {value!r}'
        )
    return int(value) if whole else float(value)
