"""Optical flow without the camera's motion, from decoded frames."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mmengine.logging import print_log

from tpn_tsn_plugin.functional.camera_motion import estimate_warped_pairs
from tpn_tsn_plugin.registry import TRANSFORMS

from .compute_optical_flow import ComputeOpticalFlow, Field, Pair
from .field_cache import StoredField

# After so many fields, and then ten times as many each time, a process says how many of
# them are plain optical flow.
FIRST_REPORT = 1000


@TRANSFORMS.register_module()
class WarpOpticalFlow(ComputeOpticalFlow):
    """``ComputeOpticalFlow`` with the camera's motion removed ("warped flow").

    Source: Wang and Schmid, Action Recognition with Improved Trajectories (ICCV 2013);
    Temporal Segment Networks (ECCV 2016), section 3.2, as a third modality. Takes all
    arguments of ``ComputeOpticalFlow``.

    Where the camera's motion cannot be told (too few matches, a cut), a field is plain
    optical flow. How many of a sample are is noted as ``unwarped_fields``; each process
    logs the share of all of them after 1,000 fields, 10,000 and so on.
    """

    warped = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fields_seen = 0
        self._unwarped_seen = 0
        self._next_report = FIRST_REPORT

    def _estimate(self, pairs: Iterable[Pair]) -> Iterator[tuple[Field, bool]]:
        return estimate_warped_pairs(pairs, self.algorithm, self.parameters)

    def _note(self, results: dict[str, Any], fields: Sequence[StoredField]) -> None:
        unwarped = sum(not field.steadied for field in fields)
        results['unwarped_fields'] = unwarped
        self._fields_seen += len(fields)
        self._unwarped_seen += unwarped
        if self._fields_seen < self._next_report:
            return
        self._next_report = 10 * self._next_report
        if self._unwarped_seen:
            share = self._unwarped_seen / self._fields_seen
            print_log(
                f'WarpOpticalFlow: {self._unwarped_seen} of {self._fields_seen} fields '
                f"({share:.1%}) keep the camera's motion, which could not be told "
                '(counted in this process)',
                logger='current',
                level=logging.INFO,
            )
