"""A task of the demo data: what a class is, and how videos that show it are made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .task_options import TRIMMED_SPLITS, TaskOptions

# Frames (T, H, W, 3), RGB, and the true values as written to the metadata.
Video = tuple[NDArray[np.uint8], dict[str, Any]]


@dataclass(frozen=True)
class DemoTask:
    """What making a data folder needs to know of a task.

    Attributes:
        name: What the task is called.
        summary: What its videos show, for the command line.
        class_names: Name of every class, by its index.
        default_root: Folder of the data unless another is asked for.
        options: Dataclass of its options.
        version: Raised whenever the same options give other videos or lists.
        make_clip: Makes a trimmed clip from its own stream, the scene's options and the
            class index, which its true values have as ``label``.
        write_contact_sheet: Draws what the classes look like into a PNG file.
        make_untrimmed: Makes a video of the other splits, if there are any, from its
            own stream, the scene's options and its index. Its true values have
            ``actions``, with a ``label`` each.
        constants: What videos depend on beside options and version, for a manifest.
    """

    name: str
    summary: str
    class_names: tuple[str, ...]
    default_root: str
    options: type[TaskOptions]
    version: int
    make_clip: Callable[[np.random.Generator, Any, int], Video]
    write_contact_sheet: Callable[[Path, Any], None]
    make_untrimmed: Callable[[np.random.Generator, Any, int], Video] | None = None
    constants: dict[str, Any] = field(default_factory=dict)

    def make(
        self, rng: np.random.Generator, scene: Any, split: str, index: int
    ) -> Video:
        """Make one video; the clips of a split show all classes in turn.

        Args:
            rng: The video's own stream; nothing else is drawn from it.
            scene: The scene's options.
            split: One of the options' splits.
            index: Position of the video in its split.
        """
        if split in TRIMMED_SPLITS or self.make_untrimmed is None:
            return self.make_clip(rng, scene, index % len(self.class_names))
        return self.make_untrimmed(rng, scene, index)

    def record(self) -> dict[str, Any]:
        """What the videos depend on beside the options, for a manifest."""
        return {'generator': self.name, 'version': self.version, **self.constants}
