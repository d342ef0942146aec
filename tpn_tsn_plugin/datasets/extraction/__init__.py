"""Extracting the optical flow of videos to files, once for many trainings."""

from tpn_tsn_plugin.datasets.shards import Shard, parse_shard, shard_of_environment

from .check import FieldCheck, check_fields
from .names import FIELDS
from .options import FORMATS, ExtractionOptions
from .pool import Report, State
from .progress import progress
from .records import Record, find_record
from .run import Outcome, extract, write_rawframes_list
from .videos import Video, find_videos

__all__ = [
    'FIELDS',
    'FORMATS',
    'ExtractionOptions',
    'FieldCheck',
    'Outcome',
    'Record',
    'Report',
    'Shard',
    'State',
    'Video',
    'check_fields',
    'extract',
    'find_record',
    'find_videos',
    'parse_shard',
    'progress',
    'shard_of_environment',
    'write_rawframes_list',
]
