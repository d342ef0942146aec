"""Multi-scale temporal window integration (M-TWI): scores of an untrimmed video.

Shape letters: N samples, T snippets at a fixed rate, W windows. Source: Temporal
Segment Networks (TPAMI 2018), section "Action Recognition in Untrimmed Videos", with
the numbers of the authors' released code.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tpn_tsn_plugin.errors import require_positive_int

WINDOW_SIZES = (1, 2, 4, 8, 16)
OVERLAP = 0.2


def window_step(size: int, overlap: float) -> int:
    """Distance of the starts of neighbouring windows, in snippets."""
    return max(1, math.ceil(size * (1 - overlap)))


def window_maxima(scores: Tensor, size: int, step: int) -> Tensor:
    """Slide a window along time and keep the largest score inside, class by class.

    A window starts at every ``step``-th snippet; what would reach beyond the end is
    cut short.

    Args:
        scores: (N, classes, T).
        size: Length of the window in snippets.
        step: Distance of the starts.

    Returns:
        (N, classes, W), W = ceil(T / step).
    """
    if size == step == 1:
        return scores
    windows = math.ceil(scores.shape[2] / step)
    beyond = (windows - 1) * step + size - scores.shape[2]
    if beyond > 0:
        scores = F.pad(scores, (0, beyond), value=-math.inf)
    return F.max_pool1d(scores, size, step)


def highest(values: Tensor, k: int) -> Tensor:
    """The k highest values along the last axis, in any order."""
    total = values.shape[-1]
    if k == total:
        return values
    plain = values.device.type == 'cpu' and values.dtype in (
        torch.float32,
        torch.float64,
    )
    recorded = values.requires_grad or torch.jit.is_tracing()  # type: ignore[attr-defined]
    if recorded or torch.compiler.is_compiling() or not plain:
        return values.topk(k, sorted=False).values
    # On a CPU NumPy selects in half the time, but nothing can be derived or traced.
    parted = np.partition(values.numpy(), total - k, axis=-1)
    return torch.from_numpy(parted[..., total - k :])


def published_top_k(windows: int) -> int:
    """How many windows of one size count: a quarter, at least 15, at most all."""
    return min(max(15, windows // 4), windows)


def integrate_windows(
    scores: Tensor,
    window_sizes: Sequence[int] = WINDOW_SIZES,
    overlap: float = OVERLAP,
    *,
    top_k: int | None = None,
    energies: Tensor | None = None,
) -> Tensor:
    """Bring the scores of all snippets to one score a class.

    For each window size: slide, take the maximum inside each window, then the mean of
    the highest windows of each class, or their mean weighted by attention. At last the
    mean over the sizes. Memory grows linearly with T.

    Args:
        scores: (N, T, classes), before softmax.
        window_sizes: Window lengths in snippets.
        overlap: Share of a window that the next one covers again, from 0 to below 1.
        top_k: How many windows of each size count, None for the published number. Where
            there are fewer windows, all of them.
        energies: (N, T), importance of each snippet before softmax. With them windows
            are weighted instead of chosen: a window is as important as its most
            important snippet.

    Returns:
        (N, classes).

    Raises:
        ValueError: There is no snippet or no window size, or an option is out of range.
    """
    check_windows(window_sizes, overlap, top_k)
    if scores.ndim != 3 or scores.shape[1] == 0:
        raise ValueError(
            'scores must be (N, T, classes) with at least one snippet, got '
            f'{tuple(scores.shape)}'
        )
    over_time = scores.transpose(1, 2).contiguous()
    total = torch.zeros_like(over_time[..., 0])
    for size in window_sizes:
        step = window_step(size, overlap)
        maxima = window_maxima(over_time, size, step)
        if energies is None:
            number = maxima.shape[2]
            k = published_top_k(number) if top_k is None else min(top_k, number)
            total = total + highest(maxima, k).mean(dim=2)
        else:
            weights = window_maxima(energies[:, None], size, step).softmax(dim=2)
            total = total + (maxima * weights).sum(dim=2)
    return total / len(window_sizes)


def check_windows(
    window_sizes: Sequence[int], overlap: float, top_k: int | None
) -> None:
    """Check the options of :func:`integrate_windows`.

    Raises:
        ValueError: One is out of range; the message says which.
    """
    if len(window_sizes) == 0:
        raise ValueError('window_sizes must name at least one size, got none')
    for size in window_sizes:
        require_positive_int('every entry of window_sizes', size)
    if not 0 <= overlap < 1:
        raise ValueError(f'overlap must be from 0 to below 1, got {overlap!r}')
    if top_k is not None:
        require_positive_int('window_top_k', top_k)
