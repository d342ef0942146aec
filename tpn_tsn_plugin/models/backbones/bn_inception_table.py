"""The blocks of Inception with batch normalisation (Ioffe and Szegedy, Figure 5)."""

from typing import NamedTuple


class Block(NamedTuple):
    """Output channels of an inception block's convolutions, branch by branch.

    A block without a 1×1 branch halves height and width; its pooling branch has no
    convolution.
    """

    single: int | None
    triple: tuple[int, int]
    double: tuple[int, int]
    projection: int | None

    @property
    def stride(self) -> int:
        """Step of the last convolution of each branch."""
        return 2 if self.single is None else 1

    def out_channels(self, in_channels: int) -> int:
        """Channels of all branches together."""
        pooled = self.projection or in_channels
        return (self.single or 0) + self.triple[-1] + self.double[-1] + pooled


BLOCKS = {
    '3a': Block(64, (64, 64), (64, 96), 32),
    '3b': Block(64, (64, 96), (64, 96), 64),
    '3c': Block(None, (128, 160), (64, 96), None),
    '4a': Block(224, (64, 96), (96, 128), 128),
    '4b': Block(192, (96, 128), (96, 128), 128),
    '4c': Block(160, (128, 160), (128, 160), 128),
    '4d': Block(96, (128, 192), (160, 192), 128),
    '4e': Block(None, (128, 192), (192, 256), None),
    '5a': Block(352, (192, 320), (160, 224), 128),
    '5b': Block(352, (192, 320), (192, 224), 128),
}
# What stands between two halvings, as the stages of a ResNet; the first holds no block.
STAGES = ((), ('3a', '3b'), ('3c', '4a', '4b', '4c', '4d'), ('4e', '5a', '5b'))
# The one block that comes after a pooling of its own.
FIRST_BLOCK = '3a'
# The one block that pools by the maximum before its projection.
MAX_PROJECTED = '5b'
