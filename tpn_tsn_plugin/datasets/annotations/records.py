"""What the parsers give back, whatever the data set."""

from typing import NamedTuple


class Instance(NamedTuple):
    """One action in an untrimmed video.

    Args:
        label: Class index, from 0.
        start: Seconds.
        end: Seconds.
    """

    label: int
    start: float
    end: float

    def inside(self, duration: float | None) -> tuple[float, float] | None:
        """The time span that lies in the video; published times go beyond its end.

        Args:
            duration: Seconds, or None where it is not known.

        Returns:
            Start and end in seconds, or None if nothing is left.
        """
        start = max(self.start, 0.0)
        end = self.end if duration is None else min(self.end, duration)
        return (start, end) if start < end else None


class UntrimmedVideo(NamedTuple):
    """A video with the actions that happen in it.

    Args:
        video_id: The data set's own name of the video.
        labels: Its classes, each once; none for background.
        instances: When they happen, where that is known.
        duration: Seconds, where that is known.
    """

    video_id: str
    labels: tuple[int, ...]
    instances: tuple[Instance, ...] = ()
    duration: float | None = None


class VideoEntry(NamedTuple):
    """A line of a list file, before it is known where the video is.

    Args:
        places: Paths without suffix where it may be, the data set's own first.
        labels: Class indices, from 0.
        frames: Offset and number of frames of an action in a longer video.
        action: The data set's own name of that action.
    """

    places: tuple[str, ...]
    labels: tuple[int, ...]
    frames: tuple[int, int] | None = None
    action: str = ''


class VideoList(NamedTuple):
    """A list file to be written.

    Args:
        name: File name without ``_videos.txt`` or ``_rawframes.txt``.
        suffix: Suffix of the videos as they are distributed.
        entries: The lines.
    """

    name: str
    suffix: str
    entries: list[VideoEntry]


class AnnotationLists(NamedTuple):
    """All that a data set's split files give.

    Args:
        lists: The list files.
        classes: Class names in the order of their indices, per file name.
        notes: What is not there, one line each.
    """

    lists: list[VideoList]
    classes: dict[str, list[str]]
    notes: list[str]
