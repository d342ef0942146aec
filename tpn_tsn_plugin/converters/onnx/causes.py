"""What went wrong, out of the pages that exporters and runtimes wrap around it."""


def innermost_line(error: BaseException) -> str:
    """The first line of the exception that others were raised from."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f'{type(error).__name__}: {lines[0]}' if lines else type(error).__name__
