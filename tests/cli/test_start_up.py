"""What the command imports before it knows what is asked of it."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {'cv2', 'decord', 'matplotlib', 'mmengine', 'numpy', 'rich', 'scipy', 'torch'}
# A tenth of it is usual; the host takes several times as much.
SECONDS = 1.0

COMMAND = """\
import sys
from tpn_tsn_plugin.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
# As the console script, whose workers import it anew where they are not forked.
WORKER = """\
import multiprocessing, sys
from tpn_tsn_plugin.cli.main import main

def work():
    from tpn_tsn_plugin.registry import MODELS
    print(sys.argv[0].endswith('tpn-tsn'), 'TemporalPyramidNeck' in MODELS)

if __name__ == '__main__':
    print('torch' in sys.modules, flush=True)
    process = multiprocessing.get_context('spawn').Process(target=work)
    process.start()
    process.join()
"""


@pytest.fixture
def environment(repo_root: Path) -> dict[str, str]:
    return {**os.environ, 'PYTHONPATH': str(repo_root), 'OMP_NUM_THREADS': '1'}


def call(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def processor_seconds() -> float:
    """Processor time of all child processes so far; waiting for others costs none."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    ('arguments', 'code', 'words'),
    [
        (['--help'], 0, 'make-demo-data'),
        (['--version'], 0, 'tpn-tsn, version'),
        (['no-such-command'], 2, ''),
        (['doctor', '--help'], 0, 'tpn-tsn doctor'),
    ],
)
def test_answers_without_the_host(
    arguments: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    script = tmp_path / 'tpn-tsn'
    script.write_text(COMMAND)
    before = processor_seconds()
    done = call(str(script), *arguments, env=environment)
    assert processor_seconds() - before < SECONDS
    assert done.returncode == code
    assert words in done.stdout
    modules = done.stderr.splitlines()[-1].split()
    assert 'tpn_tsn_plugin.cli.main' in modules
    assert HEAVY & set(modules) == set()


def test_completion_answers_without_the_host(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    script = tmp_path / 'tpn-tsn'
    script.write_text(COMMAND)
    environment |= {'COMP_WORDS': 'tpn-tsn e', 'COMP_CWORD': '1'}
    environment['_TPN_TSN_COMPLETE'] = 'bash_complete'
    done = call(str(script), env=environment)
    assert done.stdout.split() == ['plain,export', 'plain,extract-flow']
    assert HEAVY & set(done.stderr.splitlines()[-1].split()) == set()


def test_module_answers_without_the_host(environment: dict[str, str]) -> None:
    arguments = ['-X', 'importtime', '-m', 'tpn_tsn_plugin.cli.main', '--help']
    done = call(*arguments, env=environment)
    assert 'make-demo-data' in done.stdout
    imported = {line.rpartition('|')[2].strip() for line in done.stderr.splitlines()}
    assert 'tpn_tsn_plugin.errors' in imported
    assert HEAVY & imported == set()


def test_worker_of_the_command_registers_everything(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    script = tmp_path / 'tpn-tsn'
    script.write_text(WORKER)
    done = call(str(script), env=environment)
    assert done.stdout.splitlines() == ['False', 'True True'], done.stderr


def test_data_sets_come_when_they_are_asked_for(environment: dict[str, str]) -> None:
    """MMAction2's take a second, which somebody with a model alone is spared."""
    script = (
        'import sys, tpn_tsn_plugin\n'
        'from mmaction.registry import DATASETS, MODELS, TRANSFORMS\n'
        "print('TemporalPyramidNeck' in MODELS, 'scipy.stats' in sys.modules)\n"
        "print('OpticalFlowFlip' in TRANSFORMS, 'TempoDemoDataset' in DATASETS)\n"
    )
    done = call('-c', script, env=environment)
    assert done.stdout.splitlines() == ['True False', 'True True'], done.stderr
    # Whoever has asked before gets them at once, and whoever goes past the registries.
    script = (
        'from mmengine.registry import init_default_scope\n'
        'from tpn_tsn_plugin import compat\n'
        'compat.apply()\n'
        'from mmaction.registry import TRANSFORMS\n'
        "TRANSFORMS.get('Flip')\n"
        'import tpn_tsn_plugin\n'
        "print('OpticalFlowFlip' in TRANSFORMS.module_dict)\n"
    ).replace('from tpn_tsn_plugin import', 'import tpn_tsn_plugin.compat as', 1)
    done = call('-c', script, env=environment)
    assert done.stdout.splitlines() == ['True'], done.stderr
    script = (
        'import tpn_tsn_plugin\n'
        'from mmaction.datasets.transforms import Flip\n'
        'from mmaction.registry import TRANSFORMS\n'
        "print('OpticalFlowFlip' in TRANSFORMS.module_dict)\n"
    )
    done = call('-c', script, env=environment)
    assert done.stdout.splitlines() == ['True'], done.stderr


@pytest.mark.parametrize('arguments', ["['']", "['tpn-tsn']", '[]'])
def test_import_elsewhere_registers_at_once(
    arguments: str, environment: dict[str, str]
) -> None:
    """Whatever a program calls itself, unless it was started as the command."""
    # Registering starts with this import, and here it ends there too.
    done = call(
        '-c',
        f'import sys; sys.argv = {arguments}\n'
        'sys.modules["tpn_tsn_plugin.compat"] = None\n'
        'import tpn_tsn_plugin\n',
        env=environment,
    )
    assert 'import of tpn_tsn_plugin.compat halted' in done.stderr
