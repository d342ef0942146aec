"""Datasets; importing this registers them."""

from tpn_tsn_plugin import compat

from . import transforms
from .activitynet_dataset import ActivityNetVideoDataset
from .checked_rawframe_dataset import CheckedRawframeDataset
from .checked_video_dataset import CheckedVideoDataset
from .correspondence_demo_dataset import CorrespondenceDemoDataset
from .epic_kitchens_dataset import EpicKitchensDataset
from .instances_demo_dataset import InstancesDemoDataset
from .tempo_demo_dataset import TempoDemoDataset
from .thumos14_dataset import Thumos14Dataset

__all__ = [
    'ActivityNetVideoDataset',
    'CheckedRawframeDataset',
    'CheckedVideoDataset',
    'CorrespondenceDemoDataset',
    'EpicKitchensDataset',
    'InstancesDemoDataset',
    'TempoDemoDataset',
    'Thumos14Dataset',
    'transforms',
]

# Not before: it imports MMAction2's data sets, as all of the above does.
compat.apply(compat.DATA_REPAIRS)
