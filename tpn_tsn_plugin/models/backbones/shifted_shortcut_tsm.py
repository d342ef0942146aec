"""TSM's ResNet as the TPN authors' code has it."""

from typing import Any

from mmaction.models.backbones import ResNetTSM
from mmaction.models.backbones.resnet_tsm import TemporalShift

from tpn_tsn_plugin.registry import MODELS


@MODELS.register_module()
class ShiftedShortcutTSM(ResNetTSM):
    """``ResNetTSM`` whose shortcuts' convolutions see shifted features too.

    The TPN authors' 2D backbone shifts the features of a block once, and gives them to
    its first convolution and, where the shortcut has a convolution (the first block of
    a stage), to that as well. Blocks without one add the features as they came.
    MMAction2 shifts for the first convolution alone, as TSM's own code does. The
    TPN-TSM checkpoints that the authors released need this backbone. Weights are named
    as in ``ResNetTSM``, but for ``.net`` in shortcuts. Source: decisionforce/TPN,
    ``mmaction/models/tenons/backbones/resnet.py``, ``tsm_position='inplace'``.

    Args:
        depth: As in ``ResNetTSM``.
        **kwargs: Options of ``ResNetTSM``, but no ``shift_place``.

    Raises:
        ValueError: ``shift_place`` is given; the place is what this class is about.
    """

    def __init__(self, depth: int, **kwargs: Any) -> None:
        if 'shift_place' in kwargs:
            raise ValueError(
                'ShiftedShortcutTSM takes no shift_place, got '
                f'{kwargs["shift_place"]!r}; leave it out, or use ResNetTSM'
            )
        super().__init__(depth, **kwargs)

    def make_temporal_shift(self) -> None:
        """Shift before first convolutions and before shortcuts' convolutions."""
        super().make_temporal_shift()
        for name in self.res_layers:
            block = getattr(self, name)[0]
            if block.downsample is not None:
                first = block.conv1.conv
                block.downsample.conv = TemporalShift(
                    block.downsample.conv, first.num_segments, first.shift_div
                )
