"""Backbones of the plugin: they run in stages, and may start from a checkpoint."""

from collections.abc import Iterator, Sequence

from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.functional.weight_transfer import (
    describe_misfits,
    empty_places,
    plan_transfer,
    summarise,
    weights_of,
)
from tpn_tsn_plugin.models.backbones.stages import Stage


class StagedBackbone(BaseModule):
    """A backbone that is a sequence of stages.

    Args:
        out_indices: Numbers of the stages whose maps are returned.
        pretrained: Path or address of weights to start from.
        init_cfg: How to start without ``pretrained``.
    """

    def __init__(
        self,
        out_indices: Sequence[int],
        pretrained: str | None,
        init_cfg: dict | list[dict],
    ) -> None:
        super().__init__(init_cfg)
        self.out_indices = tuple(out_indices)
        self.pretrained = pretrained

    def init_weights(self) -> None:
        """Start from ``pretrained`` or as ``init_cfg`` says.

        Raises:
            CheckpointError: ``pretrained`` is no checkpoint of this architecture.
        """
        super().init_weights()
        if self.pretrained is not None:
            load_pretrained(self, self.pretrained)

    def stages(self) -> Iterator[Stage]:
        """The stages in the order in which they run."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Compute maps of images.

        Args:
            x: Images (N, in_channels, H, W).

        Returns:
            The map of the stage in ``out_indices``, or a tuple where it names several.
        """
        maps = []
        for stage in self.stages():
            x = stage.run(x)
            if stage.index in self.out_indices:
                maps.append(x)
        return maps[0] if len(maps) == 1 else tuple(maps)


def load_pretrained(backbone: nn.Module, checkpoint: str) -> None:
    """Load weights of the same architecture, under whatever names.

    Args:
        backbone: What to load into.
        checkpoint: Path or address of a file with a backbone's or a model's weights.

    Raises:
        CheckpointError: Weights are missing, unknown, or of another shape.
    """
    loaded = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
    transfer = plan_transfer(
        weights_of(loaded, checkpoint),
        backbone.state_dict(),
        allow_unmatched=empty_places(backbone),
    )
    if transfer.misfits:
        raise CheckpointError(
            f'{checkpoint} does not fit {type(backbone).__name__}: '
            f'{describe_misfits(transfer)}; give weights of this architecture, or, '
            'where only the input differs, leave pretrained=None and use '
            'CrossModalityInitHook'
        )
    # Not strict: old files lack the counters of the normalisations.
    backbone.load_state_dict(transfer.weights, strict=False)
    print_log(
        f'{type(backbone).__name__}: {len(transfer.weights)} weights of {checkpoint} '
        f'loaded, left: {summarise(transfer.left) or "none"}',
        logger='current',
    )
