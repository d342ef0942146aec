"""What trainings of these tests have in common."""

import pytest
from resuming_run import VIDEOS
from tempo_data import write_videos


@pytest.fixture(scope='session')
def training_folder(tmp_path_factory):
    """Videos to train with, and their list; work dirs go there too."""
    folder = tmp_path_factory.mktemp('training')
    write_videos(folder)
    lines = [f'v{i % 8}.mp4 {i % 3}' for i in range(VIDEOS)]
    (folder / 'list.txt').write_text('\n'.join(lines) + '\n')
    return folder
