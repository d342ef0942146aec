"""Peak memory of predicting a minute and an hour of video, as lines for a README.

    python tests/benchmarks/prediction_memory.py CONFIG CHECKPOINT

Makes both videos (160×120, ten frames a second) and has ``tpn-tsn predict`` classify
each window after window, in a process of its own, the two in turns.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch

FPS, SIZE = 10, (160, 120)
MINUTES = (1, 60)
OUTPUTS = {'json': '.json', 'timeline': '.png'}
CHILD = (
    'import resource, sys\n'
    'from tpn_tsn_plugin.cli.main import main\n'
    'try: main()\n'
    'finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n'
)


def make_video(path: Path, minutes: int) -> None:
    """A pattern that moves sideways."""
    small = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8)
    picture = cv2.resize(small, SIZE)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), FPS, SIZE)
    for number in range(60 * FPS * minutes):
        writer.write(np.roll(picture, 3 * number, axis=1))
    writer.release()


def peak_of(config: str, checkpoint: str, video: Path) -> float:
    """Peak resident size of a prediction, in MB."""
    files = [f'--{kind}={video.with_suffix(s)}' for kind, s in OUTPUTS.items()]
    words = ['predict', config, checkpoint, str(video), *files, '--force']
    command = [sys.executable, '-c', CHILD, *words, '--mode', 'windows']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument('checkpoint')
    parser.add_argument('--runs', type=int, default=3)
    args = parser.parse_args()
    peaks: dict[int, list[float]] = {minutes: [] for minutes in MINUTES}
    with tempfile.TemporaryDirectory() as folder:
        for minutes in MINUTES:
            make_video(Path(folder) / f'{minutes}.mp4', minutes)
        for _ in range(args.runs):
            for minutes, own in peaks.items():
                path = Path(folder) / f'{minutes}.mp4'
                own.append(peak_of(args.config, args.checkpoint, path))
    for minutes, own in peaks.items():
        shown = ', '.join(f'{peak:.0f}' for peak in own)
        print(f'{minutes} min: peak resident size {shown} MB')
    print(f'{platform.machine()}, torch {torch.__version__}, OpenCV {cv2.__version__}')


if __name__ == '__main__':
    main()
