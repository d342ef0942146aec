"""Mirrored pictures whose optical flow is mirrored too.

Mirroring a scene moves its motion to the other side and turns it round: a field's
horizontal channel changes its sign. MMAction2's ``Flip`` inverts both channels of
every second field instead, and its ``TenCrop`` none.
"""

from typing import Any

import cv2
from mmaction.datasets.transforms import Flip, TenCrop
from numpy.typing import NDArray

from tpn_tsn_plugin.functional.optical_flow import invert_horizontal
from tpn_tsn_plugin.registry import TRANSFORMS

from .modalities import is_field


@TRANSFORMS.register_module()
class OpticalFlowFlip(Flip):
    """``Flip`` that is right for optical flow, and the same for RGB.

    Takes all arguments of MMAction2's ``Flip``. Optical flow is read as MMAction2's
    ``RawFrameDecode`` gives it: grey levels of shape (H, W, 2), x before y. Samples of
    both modalities are flipped together.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Flip the sample with the set probability.

        Args:
            results: The sample.

        Returns:
            The sample, flipped or not.

        Raises:
            ValueError: The sample has optical flow and the flip is vertical, or lazy.
        """
        has_fields = results['modality'] != 'RGB'
        if has_fields and self.direction != 'horizontal':
            raise ValueError(
                "direction must be 'horizontal' for optical flow, got "
                f'{self.direction!r}'
            )
        if has_fields and self.lazy:
            raise ValueError(
                'lazy must be False for optical flow, got True: Fuse would leave the '
                'horizontal motion as it was'
            )
        results = super().transform(results)
        results['fields_mirrored'] = bool(results['flip'])
        return results

    def _flip_imgs(self, imgs: list[NDArray[Any]], modality: str) -> list[NDArray[Any]]:
        if modality == 'RGB':
            return super()._flip_imgs(imgs, modality)
        # Only 'horizontal' comes so far. OpenCV drops a channel that is alone.
        flipped = [cv2.flip(image, 1).reshape(image.shape) for image in imgs]
        for image in filter(is_field, flipped):
            invert_horizontal(image)
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
        for index, image in enumerate(results['imgs']):
            if index // count % 2 and is_field(image):
                invert_horizontal(image)
        return results
