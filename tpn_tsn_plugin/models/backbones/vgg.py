"""VGG, the backbone of two-stream networks and of two-stream fusion.

Shape letters: N images (videos times views times segments), C channels, H height, W
width. Source: Simonyan and Zisserman (ICLR 2015), Table 1, columns A, B, D and E; names
of weights are torchvision's.
"""

from collections.abc import Iterator, Sequence

import torch.nn.functional as F
from mmcv.cnn import VGG as MMCVVGG
from mmcv.cnn import make_vgg_layer
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.models.backbones.staged_backbone import StagedBackbone
from tpn_tsn_plugin.models.backbones.stages import Stage
from tpn_tsn_plugin.registry import MODELS

_STAGE_CHANNELS = (64, 128, 256, 512, 512)
# Height and width of the map that fc6 sees, and the width of fc6 and fc7.
_FC_SIZE = 7
_FC_CHANNELS = 4096


@MODELS.register_module()
class VGG(StagedBackbone):
    """VGG without batch normalisation.

    torchvision's weights load but for their last layer; without ``with_fc`` the other
    fully connected layers are left as well.

    Args:
        depth: 11, 13, 16 or 19 layers.
        pretrained: Path or address of weights to start from.
        in_channels: Channels of the input. Weights for other input are brought in by
            ``CrossModalityInitHook``.
        out_indices: Stages whose maps are returned. The maps of the stages 0 to 4 have
            64, 128, 256, 512 and 512 channels, at 1/2 to 1/32 of the input's height and
            width; 5 is fc7, of shape (N, 4096, 1, 1). Default: 5 with ``with_fc``,
            otherwise 4.
        before_pool: Return maps as the last ReLU of a stage leaves them, twice as high
            and wide, as two-stream fusion at ReLU5 needs.
        with_fc: Add the fully connected layers fc6 and fc7, with which VGG is a
            backbone as in the papers. Dropout after fc7 is the head's.
        dropout_ratio: Dropout after fc6.
        init_cfg: How to start without ``pretrained``.

    Raises:
        ValueError: An option is out of range.
        CheckpointError: ``pretrained`` is no checkpoint of this architecture.
    """

    def __init__(
        self,
        depth: int = 16,
        pretrained: str | None = None,
        *,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
        before_pool: bool = False,
        with_fc: bool = False,
        dropout_ratio: float = 0.5,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        require_one_of('depth', depth, MMCVVGG.arch_settings)
        require_positive_int('in_channels', in_channels)
        stages = len(_STAGE_CHANNELS) + int(with_fc)
        if out_indices is None:
            out_indices = (stages - 1,)
        for index in out_indices:
            require_one_of(f'out_indices (with_fc={with_fc})', index, range(stages))
        start: list[dict] = [
            dict(type='Kaiming', layer='Conv2d'),
            dict(type='Normal', layer='Linear', std=0.01),
        ]
        super().__init__(out_indices, pretrained, init_cfg or start)
        self.before_pool = before_pool
        self.with_fc = with_fc
        layers: list[nn.Module] = []
        self._stage_ends: list[int] = []
        for channels, num in zip(_STAGE_CHANNELS, MMCVVGG.arch_settings[depth]):
            layers += make_vgg_layer(in_channels, channels, num)
            self._stage_ends.append(len(layers))
            in_channels = channels
        self.features = nn.Sequential(*layers)
        if with_fc:
            self.classifier = nn.Sequential(
                nn.Linear(in_channels * _FC_SIZE**2, _FC_CHANNELS),
                nn.ReLU(inplace=True),
                nn.Dropout(dropout_ratio),
                nn.Linear(_FC_CHANNELS, _FC_CHANNELS),
                nn.ReLU(inplace=True),
            )

    def stages(self) -> Iterator[Stage]:
        """The stages relu1, pool1, relu2, …, pool5 and, with ``with_fc``, fc."""
        begin = 0
        for i, end in enumerate(self._stage_ends):
            *convolutions, pool = range(begin, end)
            before, after = (i, None) if self.before_pool else (None, i)
            yield self._stage(f'relu{i + 1}', convolutions, before)
            yield self._stage(f'pool{i + 1}', [pool], after)
            begin = end
        if self.with_fc:
            yield Stage('fc', self._classify, ('classifier',), len(self._stage_ends))

    def _stage(self, name: str, layers: Sequence[int], index: int | None) -> Stage:
        def run(x: Tensor) -> Tensor:
            for layer in layers:
                x = self.features[layer](x)
            return x

        return Stage(name, run, tuple(f'features.{i}' for i in layers), index)

    def _classify(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(x, _FC_SIZE).flatten(1)
        return self.classifier(x)[:, :, None, None]
