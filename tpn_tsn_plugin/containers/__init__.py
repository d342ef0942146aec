"""What a video's container says of its file, read without decoding anything."""

from .look import find_cut, find_gap

__all__ = ['find_cut', 'find_gap']
