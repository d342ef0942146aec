"""``MultiModalDataPreprocessor`` that computes optical flow."""

from collections.abc import Mapping
from typing import Any

from mmaction.models.data_preprocessors import MultiModalDataPreprocessor

from tpn_tsn_plugin.functional.optical_flow import BOUND
from tpn_tsn_plugin.registry import MODELS

from .field_computation import FieldComputation

STREAMS = ('imgs', 'flow_imgs')


@MODELS.register_module()
class TwoStreamDataPreprocessor(MultiModalDataPreprocessor):
    """Make both inputs of ``TwoStreamRecognizer`` of RGB frames, on its device.

    Nothing is extracted beforehand: the pipeline ends with the RGB frames of snippets
    of L + 1 frames, ``FormatShape(input_format='NCTHW')`` and ``PackActionInputs()``.
    Fields are clipped and mapped to whole grey levels, as everybody's JPEG files are.

    Mirrored frames have mirrored optical flow, so MMAction2's own ``Flip`` and
    ``TenCrop`` are right before this, and no sign is to be changed. Crops come before
    it too: motion is told from what they leave of a frame.

    Args:
        preprocessors: MMAction2's ``ActionDataPreprocessor`` of the RGB frames,
            ``imgs``, and of the fields, ``flow_imgs``. Their ``format_shape`` is the
            backbones': ``'NCHW'`` for frame L // 2 of each snippet and stacks of fields
            (N, V·K, 2L, H, W), x and y in turn; ``'NCTHW'`` for the first L frames and
            (N, V·K, 2, L, H, W).
        bound: Largest displacement that is told from larger ones, in pixels.
        compiled: Whether TV-L1 is compiled (``torch.compile``).
        parameters: Parameters of ``'tvl1_torch'`` that differ from its defaults.

    Raises:
        ValueError: An option has a value that is not allowed.
    """

    def __init__(
        self,
        preprocessors: Mapping[str, dict],
        bound: float = BOUND,
        *,
        compiled: bool = False,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        if set(preprocessors) != set(STREAMS):
            raise ValueError(
                f'preprocessors must be those of {list(STREAMS)}, got '
                f'{sorted(preprocessors)}'
            )
        super().__init__(preprocessors)
        formats = {part.format_shape for part in self.preprocessors.values()}
        if len(formats) > 1:
            raise ValueError(
                f'format_shape must be the same for {" and ".join(STREAMS)}, got '
                f'{sorted(formats)}'
            )
        (format_shape,) = formats
        self.computation = FieldComputation(
            format_shape, bound, compiled=compiled, parameters=parameters
        )

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Turn RGB frames into both normalised inputs.

        Args:
            data: ``inputs``, one (V·K, 3, L + 1, H, W) uint8 a video, and their
                ``data_samples``.
            training: Whether batch augmentation takes place.

        Returns:
            The same, with ``inputs`` a dict of ``imgs`` and ``flow_imgs``.

        Raises:
            ValueError: Inputs have another shape or type.
        """
        snippets = self.cast_data(data['inputs'])
        fields = self.computation.fields(snippets)
        frames = [self.computation.kept(video) for video in snippets]
        inputs = dict(zip(STREAMS, (frames, fields), strict=True))
        return super().forward({**data, 'inputs': inputs}, training)
