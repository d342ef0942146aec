"""Optical flow by TV-L1 as tensor operations, many pairs of frames at once."""

from .estimate import estimate_tvl1, pairs_that_fit
from .parameters import TVL1Parameters

__all__ = ['TVL1Parameters', 'estimate_tvl1', 'pairs_that_fit']
