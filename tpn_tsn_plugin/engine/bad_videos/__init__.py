"""Videos that cannot be read: replaced and reported, or named and refused."""

from .bad_video_hook import BadVideoHook

__all__ = ['BadVideoHook']
