"""Data transforms; importing this registers them."""

from .checked_raw_frame_decode import CheckedRawFrameDecode
from .find_frames import FindFrames
from .fixed_rate_sample_frames import FixedRateSampleFrames
from .optical_flow_flips import OpticalFlowFlip, OpticalFlowTenCrop
from .rgb_difference import RGBDifference
from .segment_sample_frames import SegmentSampleFrames
from .select_time_span import SelectTimeSpan

__all__ = [
    'CheckedRawFrameDecode',
    'FindFrames',
    'FixedRateSampleFrames',
    'OpticalFlowFlip',
    'OpticalFlowTenCrop',
    'RGBDifference',
    'SegmentSampleFrames',
    'SelectTimeSpan',
]
