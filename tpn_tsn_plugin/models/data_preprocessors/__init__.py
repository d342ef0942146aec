"""What batches go through on the model's device before the model."""

from .optical_flow_data_preprocessor import OpticalFlowDataPreprocessor
from .two_stream_data_preprocessor import TwoStreamDataPreprocessor

__all__ = ['OpticalFlowDataPreprocessor', 'TwoStreamDataPreprocessor']
