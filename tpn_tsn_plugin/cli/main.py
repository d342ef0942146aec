"""The command group ``tpn-tsn`` and its table of commands.

Exit codes: 0 done; 1 failed, interrupted with Ctrl-C included; 2 wrong use. Errors are
one line on stderr, ``Error: …``, unless ``tpn-tsn --verbose COMMAND`` asks for the
traceback. A command says that it failed by raising, or by ``context.exit(1)``; what it
returns is ignored.

Nothing here imports the host: help, version and wrong names are answered without it.
"""

import traceback
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

import tpn_tsn_plugin
from tpn_tsn_plugin.errors import PluginError, one_line

from .termination import end_tidily

# Exceptions whose text says enough without their type.
SELF_EXPLAINING = (PluginError, ValueError, OSError)


class CommandEntry(NamedTuple):
    """Where a command lives, and what ``tpn-tsn --help`` says about it.

    Args:
        module: The module, imported only when the command is asked for.
        attribute: The ``click`` command in that module.
        summary: One line for the list of commands.
        needs_host: Whether MMAction2 is imported, and all registered, before it.
    """

    module: str
    attribute: str
    summary: str
    needs_host: bool = True


COMMANDS: dict[str, CommandEntry] = {
    'ablate': CommandEntry(
        'tpn_tsn_plugin.cli.ablate',
        'ablate',
        'Run a family of experiments and print its table.',
    ),
    'annotations': CommandEntry(
        'tpn_tsn_plugin.cli.annotations',
        'annotations',
        "Write list files from a data set's own split files.",
    ),
    'benchmark': CommandEntry(
        'tpn_tsn_plugin.cli.benchmark',
        'benchmark',
        "Measure configs' size, time and memory side by side.",
    ),
    'check-videos': CommandEntry(
        'tpn_tsn_plugin.cli.check_videos',
        'check',
        'Find videos that cannot be read.',
    ),
    'convert': CommandEntry(
        'tpn_tsn_plugin.cli.convert',
        'convert_checkpoint',
        "Bring another project's checkpoint to a config's model.",
    ),
    'demo': CommandEntry(
        'tpn_tsn_plugin.cli.demo',
        'demo',
        'Train TPN and its baselines on the demo data and compare them.',
    ),
    'doctor': CommandEntry(
        'tpn_tsn_plugin.cli.doctor',
        'doctor',
        'Check versions, faults of the host and optional parts.',
        needs_host=False,
    ),
    'export': CommandEntry(
        'tpn_tsn_plugin.cli.export',
        'export',
        'Write a trained model as an ONNX file.',
    ),
    'extract-flow': CommandEntry(
        'tpn_tsn_plugin.cli.extract_flow',
        'extract_flow',
        'Write the optical flow of videos to files.',
    ),
    'fuse-scores': CommandEntry(
        'tpn_tsn_plugin.cli.fuse_scores',
        'fuse_scores',
        'Fuse the saved predictions of several streams.',
    ),
    'make-demo-data': CommandEntry(
        'tpn_tsn_plugin.cli.make_demo_data',
        'make_demo_data',
        'Generate the demo videos and their annotations.',
    ),
    'predict': CommandEntry(
        'tpn_tsn_plugin.cli.predict',
        'predict',
        'Predict videos of any length with a trained model.',
    ),
    'show-flow': CommandEntry(
        'tpn_tsn_plugin.cli.show_flow',
        'show_flow',
        'Show the optical flow of a video as pictures.',
    ),
    'tempo': CommandEntry(
        'tpn_tsn_plugin.cli.tempo',
        'tempo',
        'Measure visual tempo, and how models cope with it.',
    ),
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command.

        Args:
            ctx: The group's context.
            cmd_name: Name as typed.

        Returns:
            The command, or ``None`` where there is none of that name.

        Raises:
            click.ClickException: The host is broken, and the command is not the one
                that finds out why.
        """
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if entry.needs_host:
            load_host()
        command: click.Command = getattr(import_module(entry.module), entry.attribute)
        return command

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the name of a command without importing any.

        Args:
            ctx: The group's context.
            incomplete: What is typed so far.

        Returns:
            The commands, and the group's own options.
        """
        commands = [
            CompletionItem(name, help=COMMANDS[name].summary)
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]
        # The group's own way to its options, past its way to the commands.
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list of commands without importing them."""
        with formatter.section('Commands'):
            formatter.write_dl(
                [(name, COMMANDS[name].summary) for name in self.list_commands(ctx)]
            )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and turn what it raises into one line.

        Raises:
            click.ClickException: In place of any exception of the command.
        """
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            # `tpn-tsn … | head`: click ends quietly.
            raise
        except Exception as error:
            if ctx.params['verbose']:
                traceback.print_exc()
            raise click.ClickException(describe(error)) from error


def load_host() -> None:
    """Register all that the package has, which needs MMAction2.

    Raises:
        click.ClickException: That fails; the message says why.
    """
    try:
        tpn_tsn_plugin.register()
    except Exception as error:
        raise click.ClickException(
            f'tpn_tsn_plugin cannot be imported ({describe(error)}); '
            'run `tpn-tsn doctor`'
        ) from error


def describe(error: BaseException) -> str:
    """Put an exception into one line.

    Args:
        error: What was raised.

    Returns:
        Its text, with its type in front where the text alone may say too little.
    """
    text = one_line(str(error))
    if text and isinstance(error, SELF_EXPLAINING):
        return text
    return f'{type(error).__name__}: {text}' if text else type(error).__name__


@click.group(
    cls=LazyGroup,
    context_settings={'help_option_names': ['-h', '--help']},
    epilog='Example: tpn-tsn doctor',
)
@click.option('--verbose', is_flag=True, help='Show the traceback of an error.')
@click.version_option(tpn_tsn_plugin.__version__, prog_name='tpn-tsn')
@click.pass_context
def cli(context: click.Context, verbose: bool) -> None:
    """Temporal pyramids and temporal segments for MMAction2."""
    end_tidily(context)


def main() -> None:
    """Run the command line; the entry point of the console script."""
    cli(prog_name='tpn-tsn')


if __name__ == '__main__':
    main()
