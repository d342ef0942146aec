import signal
import subprocess
import sys
import types
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import tpn_tsn_plugin
from tpn_tsn_plugin.cli import main
from tpn_tsn_plugin.errors import AnnotationError

TOY = 'toy_commands_of_test_main'


@click.command()
@click.argument('kind')
@click.pass_context
def toy(context: click.Context, kind: str) -> str:
    """Fail in the way that is asked for."""
    if kind == 'exit':
        context.exit(1)
    if kind == 'terminated':
        signal.raise_signal(signal.SIGTERM)
    if kind == 'impatient':
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            # while it tidies up
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            click.echo('tidy', err=True)
    if kind in ERRORS:
        raise ERRORS[kind]
    return 'this is no exit code'


ERRORS = {
    'plugin': AnnotationError('list.txt, line 3: no label\nis given'),
    'value': ValueError("rate must be one of [1, 2], got '3'"),
    'os': FileNotFoundError(2, 'No such file or directory', 'list.txt'),
    'key': KeyError('imgs'),
    'runtime': RuntimeError('out of luck'),
    'bare': RuntimeError(),
    'usage': click.UsageError('not like this'),
    'interrupt': KeyboardInterrupt(),
    'pipe': BrokenPipeError(32, 'Broken pipe'),
}


@pytest.fixture(autouse=True)
def toy_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a toy command into the table."""
    module = types.ModuleType(TOY)
    module.__dict__['toy'] = toy
    monkeypatch.setitem(sys.modules, TOY, module)
    entry = main.CommandEntry(TOY, 'toy', 'A toy.')
    monkeypatch.setitem(main.COMMANDS, 'toy', entry)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, arguments, prog_name='tpn-tsn')


def test_help_lists_commands_without_importing_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = main.CommandEntry('no_such_module', 'toy', 'Never imported.')
    monkeypatch.setitem(main.COMMANDS, 'toy', entry)
    result = run('--help')
    assert result.exit_code == 0
    for name in ('demo', 'doctor', 'make-demo-data', 'toy'):
        assert f'\n  {name} ' in result.output
    assert 'Never imported.' in result.output
    assert 'Example: tpn-tsn' in result.output


@pytest.mark.parametrize('name', sorted(set(main.COMMANDS)))
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = run(name, '--help')
    assert result.exit_code == 0, result.output
    assert f'tpn-tsn {name}' in result.output.partition('Usage:')[2].partition('\n')[2]


@pytest.mark.parametrize(
    ('kind', 'code', 'line'),
    [
        ('plugin', 1, 'Error: list.txt, line 3: no label is given'),
        ('value', 1, "Error: rate must be one of [1, 2], got '3'"),
        ('os', 1, "Error: [Errno 2] No such file or directory: 'list.txt'"),
        ('key', 1, "Error: KeyError: 'imgs'"),
        ('runtime', 1, 'Error: RuntimeError: out of luck'),
        ('bare', 1, 'Error: RuntimeError'),
        ('interrupt', 1, '\nAborted!'),
        ('terminated', 1, '\nAborted!'),
        ('impatient', 1, 'tidy\n\nAborted!'),
        ('exit', 1, ''),
        ('fine', 0, ''),
    ],
)
def test_exit_code_and_one_line(kind: str, code: int, line: str) -> None:
    ends = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.getsignal(number) for number in ends]
    result = run('toy', kind)
    assert [signal.getsignal(number) for number in ends] == handlers
    assert result.exit_code == code
    assert result.stderr.rstrip('\n') == line
    assert result.stdout == ''


@pytest.mark.parametrize(
    'arguments', [('toy',), ('toy', 'usage'), ('no-such-command',), ('--no-option',)]
)
def test_wrong_use_ends_with_two(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith('Usage: tpn-tsn')
    assert result.stdout == ''


def test_verbose_shows_the_traceback() -> None:
    result = run('--verbose', 'toy', 'key')
    assert result.exit_code == 1
    assert result.stderr.startswith('Traceback (most recent call last):')
    assert result.stderr.endswith("Error: KeyError: 'imgs'\n")


def test_closed_pipe_ends_without_a_message() -> None:
    result = run('toy', 'pipe')
    assert result.exit_code == 1
    assert 'Error' not in result.stderr


def test_version() -> None:
    result = run('--version')
    assert (result.exit_code, result.output) == (
        0,
        f'tpn-tsn, version {tpn_tsn_plugin.__version__}\n',
    )


def test_broken_host_is_sent_to_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    def register() -> None:
        raise ModuleNotFoundError("No module named 'mmcv'")

    monkeypatch.setattr(tpn_tsn_plugin, 'register', register)
    result = run('toy', 'fine')
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        'Error: tpn_tsn_plugin cannot be imported (ModuleNotFoundError: No module '
        "named 'mmcv'); run `tpn-tsn doctor`"
    ]


@pytest.mark.parametrize(
    ('typed', 'offered'),
    [
        ('to', {'toy': 'A toy.'}),
        ('mak', {'make-demo-data': 'Generate the demo videos and their annotations.'}),
        ('--verb', {'--verbose': 'Show the traceback of an error.'}),
        ('x', {}),
    ],
)
def test_completion(typed: str, offered: dict[str, str]) -> None:
    context = main.cli.make_context('tpn-tsn', [], resilient_parsing=True)
    completed = main.cli.shell_complete(context, typed)
    assert {item.value: item.help for item in completed} == offered


def test_runs_as_a_process(repo_root: Path) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'tpn_tsn_plugin.cli.main', 'no-such-command'],
        cwd=repo_root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, '')
    assert "No such command 'no-such-command'" in done.stderr
