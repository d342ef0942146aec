"""Data transforms; importing this registers them."""

from .checked_raw_frame_decode import CheckedRawFrameDecode
from .compute_optical_flow import ComputeOpticalFlow
from .decord_decode_once import DecordDecodeOnce
from .decord_init_in_place import DecordInitInPlace
from .find_frames import FindFrames
from .fixed_rate_sample_frames import FixedRateSampleFrames
from .format_two_streams import FormatTwoStreams
from .grey_raw_frame_decode import GreyRawFrameDecode
from .optical_flow_flips import OpticalFlowFlip, OpticalFlowTenCrop
from .paired_frames import FindPairedFrames, PairedRawFrameDecode
from .rgb_difference import RGBDifference
from .segment_sample_frames import SegmentSampleFrames
from .select_time_span import SelectTimeSpan
from .strided_sample_frames import StridedSampleFrames
from .warp_optical_flow import WarpOpticalFlow

__all__ = [
    'CheckedRawFrameDecode',
    'ComputeOpticalFlow',
    'DecordDecodeOnce',
    'DecordInitInPlace',
    'FindFrames',
    'FindPairedFrames',
    'FixedRateSampleFrames',
    'FormatTwoStreams',
    'GreyRawFrameDecode',
    'OpticalFlowFlip',
    'OpticalFlowTenCrop',
    'PairedRawFrameDecode',
    'RGBDifference',
    'SegmentSampleFrames',
    'SelectTimeSpan',
    'StridedSampleFrames',
    'WarpOpticalFlow',
]
