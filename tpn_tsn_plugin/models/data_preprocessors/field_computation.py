"""The optical flow of a batch's snippets, on its device.

Shape letters: V·K snippets of a video, L fields of a snippet, H and W pixels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from tpn_tsn_plugin.errors import require_one_of
from tpn_tsn_plugin.functional.optical_flow import (
    BOUND,
    complete_parameters,
    require_bound,
)
from tpn_tsn_plugin.functional.optical_flow_tensors import grey_frames, quantise_fields
from tpn_tsn_plugin.functional.tvl1 import TVL1Parameters, estimate_tvl1

FORMATS = ('NCHW', 'NCTHW')


class FieldComputation:
    """Stored fields from RGB frames, by TV-L1.

    Args:
        format_shape: ``'NCHW'`` or ``'NCTHW'``, of what comes out.
        bound: Largest displacement that is told from larger ones, in pixels.
        compiled: Whether TV-L1 is compiled.
        parameters: Parameters of ``'tvl1_torch'`` that differ from its defaults.

    Raises:
        ValueError: An option has a value that is not allowed.
    """

    def __init__(
        self,
        format_shape: str,
        bound: float = BOUND,
        *,
        compiled: bool = False,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        require_one_of('format_shape', format_shape, FORMATS)
        require_bound(bound)
        self.stacked = format_shape == 'NCHW'
        self.bound = bound
        self.compiled = compiled
        values = complete_parameters('tvl1_torch', parameters)
        self.parameters = TVL1Parameters.from_names(values)

    def fields(self, snippets: Sequence[Tensor]) -> list[Tensor]:
        """Compute the fields of some videos together.

        Args:
            snippets: RGB frames of each video, (V·K, 3, L + 1, H, W) uint8.

        Returns:
            Grey levels of each, uint8: (V·K, 2L, H, W), x and y in turn, or (V·K, 2, L,
            H, W).

        Raises:
            ValueError: Frames have another shape or type.
        """
        for frames in snippets:
            if frames.ndim != 5 or frames.shape[2] < 2:
                raise ValueError(
                    'computing optical flow needs snippets (V·K, 3, L + 1, H, W) of 2 '
                    f'frames or more, got {tuple(frames.shape)}; sample clip_len = L + '
                    "1 frames and end with FormatShape(input_format='NCTHW')"
                )
        if len({frames.shape[1:] for frames in snippets}) > 1:
            return [field for frames in snippets for field in self.fields([frames])]
        greys = grey_frames(torch.cat(list(snippets)))
        before, after = greys[:, :-1], greys[:, 1:]
        fields = estimate_tvl1(
            before.flatten(0, 1),
            after.flatten(0, 1),
            self.parameters,
            compiled=self.compiled,
        )
        # (V·K, L, H, W, 2)
        levels = quantise_fields(fields, self.bound).unflatten(0, before.shape[:2])
        if self.stacked:
            stacks = levels.permute(0, 1, 4, 2, 3).flatten(1, 2)
        else:
            stacks = levels.permute(0, 4, 1, 2, 3)
        return list(stacks.split([len(frames) for frames in snippets]))

    def kept(self, frames: Tensor) -> Tensor:
        """Frame L // 2 of each snippet, or the first L, as ComputeOpticalFlow keeps.

        Args:
            frames: Of one video, as in :meth:`fields`.

        Returns:
            (V·K, 3, H, W), or (V·K, 3, L, H, W).
        """
        length = frames.shape[2] - 1
        return frames[:, :, length // 2] if self.stacked else frames[:, :, :-1]
