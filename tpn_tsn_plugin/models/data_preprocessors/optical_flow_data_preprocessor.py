"""``ActionDataPreprocessor`` that computes optical flow."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmaction.models.data_preprocessors import ActionDataPreprocessor
from torch import Tensor

from tpn_tsn_plugin.functional.optical_flow import BOUND
from tpn_tsn_plugin.registry import MODELS

from .field_computation import FieldComputation


@MODELS.register_module()
class OpticalFlowDataPreprocessor(ActionDataPreprocessor):
    """Compute TV-L1 optical flow of a batch on the model's device, then normalise.

    Nothing is extracted beforehand: the pipeline ends with the RGB frames of snippets
    of L + 1 frames, ``FormatShape(input_format='NCTHW')`` and ``PackActionInputs()``.
    Fields are clipped and mapped to whole grey levels, as everybody's JPEG files are.

    Mirrored frames have mirrored optical flow, so MMAction2's own ``Flip`` and
    ``TenCrop`` are right before this, and no sign is to be changed. Crops come before
    it too: motion is told from what they leave of a frame.

    Args:
        mean: Means of the channels, as of fields that are read from files.
        std: Standard deviations of the channels.
        bound: Largest displacement that is told from larger ones, in pixels.
        compiled: Whether TV-L1 is compiled (``torch.compile``).
        parameters: Parameters of ``'tvl1_torch'`` that differ from its defaults.
        format_shape: The backbone's: ``'NCHW'`` for stacks of fields (N, V·K, 2L, H,
            W), x and y in turn, ``'NCTHW'`` for (N, V·K, 2, L, H, W).
        **kwargs: What else ``ActionDataPreprocessor`` takes.

    Raises:
        ValueError: An option has a value that is not allowed.
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        *,
        bound: float = BOUND,
        compiled: bool = False,
        parameters: Mapping[str, Any] | None = None,
        format_shape: str = 'NCHW',
        **kwargs: Any,
    ) -> None:
        computation = FieldComputation(
            format_shape, bound, compiled=compiled, parameters=parameters
        )
        super().__init__(mean, std, format_shape=format_shape, **kwargs)
        self.computation = computation

    def preprocess(
        self, inputs: Sequence[Tensor], data_samples: Any, training: bool = False
    ) -> tuple[Tensor, Any]:
        """Turn RGB frames into normalised fields.

        Args:
            inputs: Frames of each video, (V·K, 3, L + 1, H, W) uint8.
            data_samples: Their samples.
            training: Whether batch augmentation takes place.

        Returns:
            The batch, and the samples.

        Raises:
            ValueError: Inputs have another shape or type.
        """
        fields = self.computation.fields(inputs)
        return super().preprocess(fields, data_samples, training)
