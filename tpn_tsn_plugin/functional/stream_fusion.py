"""Stream fusion: one map from the maps of the spatial and the temporal stream.

Shape letters: N maps, C channels (``a`` of the first map, ``b`` of the second), and
positions: H and W, or T, H and W. Position by position, so all of them must agree.
Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), section 3.1, equations 1 to 5.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor

# Below it, the square root's gradient has no bound.
SMALLEST_PRODUCT = 1e-12


def sum_fusion(a: Tensor, b: Tensor) -> Tensor:
    """Sum of two maps (N, C, ...), element by element.

    Raises:
        ValueError: The shapes differ.
    """
    require_same_positions(a, b, same_channels=True)
    return a + b


def max_fusion(a: Tensor, b: Tensor) -> Tensor:
    """Maximum of two maps (N, C, ...), element by element.

    Raises:
        ValueError: The shapes differ.
    """
    require_same_positions(a, b, same_channels=True)
    return torch.maximum(a, b)


def concat_fusion(a: Tensor, b: Tensor) -> Tensor:
    """Stack the channels of two maps: (N, C_a + C_b, ...), those of ``a`` first.

    The paper takes the channels in turn, which is the same but for their order.

    Raises:
        ValueError: The positions differ.
    """
    require_same_positions(a, b)
    return torch.cat([a, b], dim=1)


def conv_fusion(
    a: Tensor, b: Tensor, weight: Tensor, bias: Tensor | None = None
) -> Tensor:
    """Weighted sums of all channels of two maps, the same at every position.

    Args:
        a: (N, C_a, ...).
        b: (N, C_b, ...).
        weight: Filters (C, C_a + C_b), a 1×1 convolution of the stacked maps.
        bias: (C,).

    Returns:
        (N, C, ...).

    Raises:
        ValueError: The positions differ, or the filters do not fit the channels.
    """
    stacked = concat_fusion(a, b)
    if weight.shape[1] != stacked.shape[1]:
        raise ValueError(
            f'conv fusion has filters for {weight.shape[1]} channels, got maps of '
            f'{a.shape[1]} and {b.shape[1]}'
        )
    mixed = F.conv1d(stacked.flatten(2), weight[:, :, None], bias)
    return mixed.unflatten(2, a.shape[2:])


def bilinear_fusion(a: Tensor, b: Tensor) -> Tensor:
    """Sum over positions of the outer products of two maps' channels.

    One matrix product, so that memory grows with C_a · C_b and not with the positions
    as well. Signed square root and L2 normalisation follow, as the paper's
    reference (Lin et al., ICCV 2015) has them. Computed in float32 at least: in half
    precision the sum would overflow.

    Args:
        a: (N, C_a, ...).
        b: (N, C_b, ...).

    Returns:
        (N, C_a · C_b), the channel of ``b`` changing fastest.

    Raises:
        ValueError: The positions differ.
    """
    require_same_positions(a, b)
    with _full_precision(a.device.type):
        if a.dtype.itemsize < torch.float32.itemsize:
            a, b = a.float(), b.float()
        products = (a.flatten(2) @ b.to(a.dtype).flatten(2).mT).flatten(1)
        return F.normalize(signed_sqrt(products), dim=1)


def _full_precision(device: str) -> AbstractContextManager:
    if not torch.amp.is_autocast_available(device):
        return nullcontext()
    return torch.autocast(device, enabled=False)


def signed_sqrt(x: Tensor) -> Tensor:
    """Square root of the magnitude, with the sign kept.

    Magnitudes below 1e-12 give ±1e-6 (0 stays 0) and no gradient.
    """
    return x.sign() * x.abs().clamp(min=SMALLEST_PRODUCT).sqrt()


def require_same_positions(a: Tensor, b: Tensor, same_channels: bool = False) -> None:
    """Check that two maps can be fused.

    Raises:
        ValueError: Positions, or if asked for channels, differ.
    """
    first = 1 if same_channels else 2
    if (
        a.ndim != b.ndim
        or a.shape[0] != b.shape[0]
        or a.shape[first:] != b.shape[first:]
    ):
        what = 'maps of one shape' if same_channels else 'maps of one size'
        raise ValueError(
            f'stream fusion needs {what}, got {tuple(a.shape)} of the spatial and '
            f'{tuple(b.shape)} of the temporal stream; fuse after stages that agree, '
            'stage=dict(spatial=..., temporal=...)'
            + (', or use ConvFusion' if a.shape[2:] == b.shape[2:] else '')
        )
