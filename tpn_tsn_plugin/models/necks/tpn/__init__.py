"""Temporal Pyramid Network (Yang et al., CVPR 2020), one file per component.

Data goes through the files in this order: ``spatial_modulation``,
``temporal_modulation``, ``information_flow``, ``fusion``; ``auxiliary_head`` stands
aside and reads the backbone's maps. ``neck`` connects them. ``mmaction2`` reads what
MMAction2's own TPN left behind: its options and its checkpoints.
"""

from .neck import TemporalPyramidNeck

__all__ = ['TemporalPyramidNeck']
