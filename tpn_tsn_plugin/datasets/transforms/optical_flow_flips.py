"""Mirrored pictures whose optical flow is mirrored too.

Mirroring a scene moves its motion to the other side and turns it round: a field's
horizontal channel changes its sign. MMAction2's ``Flip`` inverts both channels of
every second field instead, and its ``TenCrop`` none.
"""

from typing import Any

import mmcv
from mmaction.datasets.transforms import Flip, TenCrop
from numpy.typing import NDArray

from tpn_tsn_plugin.functional.optical_flow import invert_horizontal
from tpn_tsn_plugin.registry import TRANSFORMS


@TRANSFORMS.register_module()
class OpticalFlowFlip(Flip):
    """``Flip`` that is right for optical flow, and the same for RGB.

    Takes all arguments of MMAction2's ``Flip``. Optical flow is read as MMAction2's
    ``RawFrameDecode`` gives it: grey levels of shape (H, W, 2), x before y.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Flip the sample with the set probability.

        Args:
            results: The sample.

        Returns:
            The sample, flipped or not.

        Raises:
            ValueError: The sample is optical flow and the flip vertical, or lazy.
        """
        if results['modality'] == 'Flow' and self.direction != 'horizontal':
            raise ValueError(
                "direction must be 'horizontal' for optical flow, got "
                f'{self.direction!r}'
            )
        if results['modality'] == 'Flow' and self.lazy:
            raise ValueError(
                'lazy must be False for optical flow, got True: Fuse would leave the '
                'horizontal motion as it was'
            )
        return super().transform(results)

    def _flip_imgs(self, imgs: list[NDArray[Any]], modality: str) -> list[NDArray[Any]]:
        if modality != 'Flow':
            return super()._flip_imgs(imgs, modality)
        flipped = [mmcv.imflip(field, self.direction).copy() for field in imgs]
        for field in flipped:
            invert_horizontal(field)
        return flipped


@TRANSFORMS.register_module()
class OpticalFlowTenCrop(TenCrop):
    """``TenCrop`` that is right for optical flow, and the same for RGB.

    Views come crop by crop, the five places in MMAction2's order and each followed by
    its mirror image, with all snippets of a view together.

    Args:
        crop_size: (w, h) of a crop, or one number for both.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Crop the sample ten times.

        Args:
            results: The sample.

        Returns:
            The sample with ten times as many images.
        """
        count = len(results['imgs'])
        results = super().transform(results)
        if results['modality'] == 'Flow':
            for index, field in enumerate(results['imgs']):
                if index // count % 2:
                    invert_horizontal(field)
        return results
