"""Finding videos that cannot be read before a training meets them."""

from .check_run import Checks, check_videos, write_good_list
from .video_check import VideoCheck, check_video

__all__ = ['Checks', 'VideoCheck', 'check_video', 'check_videos', 'write_good_list']
