"""All that reads files from elsewhere."""

from annotation_readers import ANNOTATION_READERS
from checkpoint_readers import CHECKPOINT_READERS
from frame_readers import FRAME_READERS
from run_readers import RUN_READERS

READERS = [*ANNOTATION_READERS, *CHECKPOINT_READERS, *FRAME_READERS, *RUN_READERS]
