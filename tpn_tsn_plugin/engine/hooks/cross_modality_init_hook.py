"""Weights of an RGB model as the start of a backbone that takes other input."""

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.runner import CheckpointLoader, Runner
from mmengine.utils.dl_utils.parrots_wrapper import _ConvNd
from torch import nn

from tpn_tsn_plugin.engine.hooks.model_parts import model_of, part_of
from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.functional.weight_transfer import (
    WeightTransfer,
    describe_misfits,
    empty_places,
    plan_transfer,
    summarise,
    weights_of,
)
from tpn_tsn_plugin.registry import HOOKS


@HOOKS.register_module()
class CrossModalityInitHook(Hook):
    """Start a backbone from an RGB checkpoint, whatever input the backbone takes.

    Before training, the checkpoint's first kernel is averaged over its input channels
    and repeated where the backbone takes other ones: 2L for optical flow, 3L for RGB
    difference. All else is copied; 2D kernels are spread over time for 3D backbones.
    Weights may have the names of torchvision, MMAction2, MMPretrain or tsn-pytorch.

    The backbone itself is built without ``pretrained`` (MMAction2's ``ResNetTSM`` also
    with ``pretrained2d=False``). A resumed run is left alone. Source: Temporal Segment
    Networks (ECCV 2016), section 3.2, "Cross Modality Pre-training".

    Args:
        checkpoint: Path or address of a file with a backbone's or a model's weights. Of
            a two-stream model the RGB stream is taken.
        module: The model's part to start, such as ``'temporal_backbone'`` of a
            two-stream model.
        keep_rgb: The backbone takes RGB first and other channels after it (3 + 3L for
            RGB with RGB difference): the RGB part of the kernel is copied.
        allow_unmatched: Beginnings of torchvision's names that only the checkpoint or
            only the backbone may have, such as ``['layer4']`` for a backbone without
            its last stage.

    Raises:
        TypeError: ``allow_unmatched`` is a bare string.
        ValueError: Before training: the model has no such part, ``load_from`` is set
            as well, or ``keep_rgb`` has no channels beyond RGB.
        CheckpointError: Before training: the checkpoint does not exist, or is of
            another architecture.
    """

    def __init__(
        self,
        checkpoint: str,
        *,
        module: str = 'backbone',
        keep_rgb: bool = False,
        allow_unmatched: Sequence[str] = (),
    ) -> None:
        if isinstance(allow_unmatched, str):
            raise TypeError(
                'allow_unmatched must be a list of beginnings of names, got '
                f'{allow_unmatched!r}; write [{allow_unmatched!r}]'
            )
        self.checkpoint = checkpoint
        self.module = module
        self.keep_rgb = keep_rgb
        self.allow_unmatched = tuple(allow_unmatched)

    def before_train(self, runner: Runner) -> None:
        """Load the checkpoint, unless training goes on from an earlier run."""
        who = f'{type(self).__name__}({self.module!r})'
        if runner.iter > 0:
            runner.logger.info(
                f'{who}: training goes on from iteration {runner.iter}, '
                f'{self.checkpoint} is not used'
            )
            return
        # Runner offers no other way to ask for it.
        if runner._load_from is not None:
            raise ValueError(
                f'load_from={runner._load_from!r} and the checkpoint '
                f'{self.checkpoint!r} of {who} cannot both be loaded; remove one'
            )
        backbone = part_of(model_of(runner), self.module)
        transfer = self._plan(backbone, runner)
        own = backbone.state_dict()
        for name, value in transfer.weights.items():
            own[name].copy_(value)
        runner.logger.info(f'{who}: {_report(transfer, self.checkpoint)}')

    def _plan(self, backbone: nn.Module, runner: Runner) -> WeightTransfer:
        try:
            loaded = CheckpointLoader.load_checkpoint(
                self.checkpoint, map_location='cpu', logger=runner.logger
            )
        except FileNotFoundError as error:
            raise CheckpointError(
                f'checkpoint {self.checkpoint} of CrossModalityInitHook does not '
                'exist; train the RGB model first, or name another file'
            ) from error
        transfer = plan_transfer(
            weights_of(loaded, self.checkpoint),
            backbone.state_dict(),
            input_kernels=find_input_kernels(backbone),
            keep_rgb=self.keep_rgb,
            allow_unmatched=[*self.allow_unmatched, *empty_places(backbone)],
        )
        if transfer.misfits:
            for kind, names in transfer.misfits.items():
                runner.logger.error(
                    '%s, %s:\n%s', self.checkpoint, kind, '\n'.join(names)
                )
            raise CheckpointError(
                f'{self.checkpoint} does not fit {self.module} '
                f'({type(backbone).__name__}): {describe_misfits(transfer)}; give a '
                'checkpoint of the same architecture, or name what may differ in '
                'allow_unmatched'
            )
        return transfer


def find_input_kernels(backbone: nn.Module) -> list[str]:
    """Name the kernels that meet the input: the first one, or each pathway's first.

    Args:
        backbone: Any backbone that lists its layers in the order of its data, and its
            pathways, where it has several, as parts named ``…_path`` (SlowFast).
    """
    pathways = [
        name for name, _ in backbone.named_children() if name.endswith('_path')
    ] or ['']
    kernels = []
    for pathway in pathways:
        modules = backbone.get_submodule(pathway).named_modules(prefix=pathway)
        convolutions = (name for name, m in modules if isinstance(m, _ConvNd))
        kernels += [f'{name}.weight' for name in convolutions][:1]
    return kernels


def _report(transfer: WeightTransfer, checkpoint: str) -> str:
    kinds = {
        'averaged over input channels': transfer.changed,
        'spread over time': transfer.inflated,
        'left': transfer.left,
    }
    parts = [
        f'{len(names)} {kind} ({summarise(names)})'
        for kind, names in kinds.items()
        if names
    ]
    loaded = f'{len(transfer.weights)} weights of {checkpoint} loaded'
    return ', '.join([loaded, *parts])
