"""Maps of frames, and volumes that hold a view's frames along an axis of time.

Shape letters: N views, C channels, K frames of a view, H height, W width.
"""

from torch import Tensor


def volume_of(frames: Tensor, count: int) -> Tensor:
    """Put the frames of a view together: (N·K, C, H, W) to (N, C, K, H, W).

    Args:
        frames: Maps of single frames, those of a view one after the other.
        count: K.
    """
    return frames.unflatten(0, (-1, count)).transpose(1, 2).contiguous()


def frames_of(volume: Tensor) -> Tensor:
    """Take a volume apart: (N, C, K, H, W) to (N·K, C, H, W)."""
    return volume.transpose(1, 2).flatten(0, 1)
