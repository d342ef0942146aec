"""Commands that say nothing but their own results."""

from functools import partial

import click
from mmengine.logging import MMLogger


def only_errors(context: click.Context) -> None:
    """Let MMEngine log errors alone until a command is done.

    Which file a checkpoint is loaded from, and what MMEngine deprecates, is no news
    among results.

    Args:
        context: The command's.
    """
    logger = MMLogger.get_current_instance()
    context.call_on_close(partial(logger.setLevel, logger.level))
    logger.setLevel('ERROR')
