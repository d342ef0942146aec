"""Options that take several values at once, as in ``--weights 1 1.5``."""

import click


class VariadicCommand(click.Command):
    """A command whose options that may be repeated take several values at once.

    Such an option takes the words that follow it, up to the next option; one of numbers
    takes numbers only.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat such an option before each of its values, and parse as usual."""
        spread: list[str] = []
        option: click.Option | None = None
        for arg in args:
            if arg.startswith('-') and not _is_number(arg):
                option = self._variadic(ctx, arg)
            elif option and (option.type is not click.FLOAT or _is_number(arg)):
                if spread[-1] != option.opts[0]:
                    spread.append(option.opts[0])
            else:
                option = None
            spread.append(arg)
        return super().parse_args(ctx, spread)

    def _variadic(self, ctx: click.Context, arg: str) -> click.Option | None:
        for param in self.get_params(ctx):
            if isinstance(param, click.Option) and arg in param.opts:
                return param if param.multiple and param.nargs == 1 else None
        return None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
