"""Cross-modality initialisation: RGB kernels for input that is not RGB.

Shape letters: O output channels, I input channels, T time, H height, W width. Kernels
are (O, I, H, W) or (O, I, T, H, W). Source: Temporal Segment Networks (ECCV 2016),
section 3.2, "Cross Modality Pre-training"; inflation: Carreira and Zisserman (CVPR
2017), section 2.4.
"""

import torch
from torch import Tensor

from tpn_tsn_plugin.errors import require_positive_int


def repeat_mean_kernel(kernel: Tensor, channels: int) -> Tensor:
    """Average a kernel over its input channels and repeat it.

    The release does the same for optical flow (2L channels) and RGB difference (3L),
    without rescaling by the number of channels.

    Args:
        kernel: (O, I, …).
        channels: Input channels of the new kernel.

    Returns:
        (O, channels, …), equal copies.

    Raises:
        ValueError: ``channels`` is no whole number from 1 on.
    """
    require_positive_int('channels', channels)
    mean = kernel.mean(dim=1, keepdim=True)
    return mean.expand(-1, channels, *mean.shape[2:]).contiguous()


def extend_by_mean_kernel(kernel: Tensor, channels: int) -> Tensor:
    """Keep a kernel and append its mean over the input channels, repeated.

    For RGB stacked with RGB difference, 3 + 3L channels.

    Args:
        kernel: (O, I, …).
        channels: Input channels of the new kernel, more than I.

    Returns:
        (O, channels, …): the kernel itself, then equal copies of its mean.

    Raises:
        ValueError: ``channels`` is not more than I.
    """
    own = kernel.shape[1]
    if channels <= own:
        raise ValueError(
            f'channels must be more than the {own} that keep_rgb keeps, got {channels}'
        )
    more = kernel.mean(dim=1, keepdim=True).expand(
        -1, channels - own, *kernel.shape[2:]
    )
    return torch.cat([kernel, more], dim=1)


def inflate_kernel(kernel: Tensor, length: int) -> Tensor:
    """Spread a 2D kernel over time, so that a still clip gives what its frame gave.

    Args:
        kernel: (O, I, H, W).
        length: T of the new kernel.

    Returns:
        (O, I, T, H, W): T copies of the kernel divided by T.

    Raises:
        ValueError: ``length`` is no whole number from 1 on.
    """
    require_positive_int('length', length)
    return (kernel / length).unsqueeze(2).repeat(1, 1, length, 1, 1)
