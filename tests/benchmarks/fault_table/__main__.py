"""What happens to each command at each fault: the table of the README.

    python tests/benchmarks/fault_table [--only REGEX] [--keep FOLDER]

Causes every fault for real, beside good data: videos are broken, processes killed, a
file system in memory is filled up, folders are closed. Each cell is a process of its
own, and its word follows from what it did; `crash` and `hang` are words, too, and make
this script fail. A small disk and folders that not even root may write to need Linux's
user namespaces, which the script enters by itself (`unshare`, `setpriv`).
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSIDE = 'FAULT_TABLE_INSIDE'
PATHS = [HERE, HERE.parents[1], HERE.parents[2]]


def enter_namespace() -> None:
    """Start again where small disks can be mounted and permissions count."""
    os.environ[INSIDE] = '1'
    # The processes of the cells import from there.
    kept = os.environ.get('PYTHONPATH', '').split(os.pathsep)
    os.environ['PYTHONPATH'] = os.pathsep.join([*map(str, PATHS), *filter(None, kept)])
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    denied = '-dac_override,-dac_read_search'
    unshare = ['unshare', '--map-root-user', '--mount']
    setpriv = ['setpriv', f'--bounding-set={denied}', f'--inh-caps={denied}']
    os.execvp('unshare', [*unshare, *setpriv, sys.executable, *sys.argv])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--only', default='', help='Rows to fill, a regular expression')
    parser.add_argument('--keep', type=Path, help='Folder for all that is made')
    args = parser.parse_args()
    if args.keep:
        run(args.keep.resolve(), args.only)
        return
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), args.only)


def run(folder: Path, only: str) -> None:
    """Fill the table, and print it row by row."""
    import cells
    import machine_faults
    import video_faults

    cells.CONTEXT.set_forkserver_preload(['stages'])
    good = folder / 'good'
    outcome = cells.Cell('prepare', good).run()
    if outcome.code != 0:
        raise SystemExit(outcome.text)
    columns = list(video_faults.JUDGES)
    rows = {
        kind.replace('_', ' '): lambda *rest, kind=kind: video_faults.cell(kind, *rest)
        for kind in video_faults.ROWS
    } | machine_faults.ROWS
    print(f'| fault | {" | ".join(columns)} |\n|---|{"---|" * len(columns)}')
    faults = 0
    for number, (name, fill) in enumerate(rows.items()):
        if not re.search(only, name):
            continue
        words = [fill(x, good, folder / f'{number}' / x) or '–' for x in columns]
        faults += sum(word.startswith((cells.CRASH, cells.HANG)) for word in words)
        print(f'| {name} | {" | ".join(words)} |', flush=True)
    if faults:
        raise SystemExit(f'{faults} cells are not as they should be')


if __name__ == '__main__':
    if INSIDE not in os.environ:
        enter_namespace()
    main()
