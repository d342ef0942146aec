"""What a source format is: signs to know it by, and rules for its keys, as data."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

# What wraps a whole model: data parallelism and compilation.
_WRAPPERS = re.compile(r'^(module\.|_orig_mod\.)+')


class Rule(NamedTuple):
    """What becomes of the keys that begin with a pattern.

    Attributes:
        pattern: Regular expression, matched at a key's beginning.
        replacement: What takes the place of the matched part; None drops the key.
        reason: Why it is dropped.
    """

    pattern: str
    replacement: str | None
    reason: str = ''


def no_differences(source: Mapping[str, Tensor], model: nn.Module) -> list[str]:
    """For formats whose computation needs no check."""
    return []


@dataclass(frozen=True)
class SourceFormat:
    """One kind of checkpoint.

    Attributes:
        name: As ``--from`` takes it.
        what: Who writes such checkpoints.
        example: One of its keys.
        sign: Regular expression; a key that it matches shows the format.
        rules: Lead to MMAction2's names; the first that matches counts, a key that none
            matches keeps its name.
        is_image_model: The weights are those of an image classifier: its last layer
            is dropped, and 2D kernels may be spread over time.
        find_differences: Takes the weights under MMAction2's names and the model, and
            says where the two compute different things although all weights fit.
    """

    name: str
    what: str
    example: str
    sign: str
    rules: tuple[Rule, ...] = ()
    is_image_model: bool = False
    find_differences: Callable[[Mapping[str, Tensor], nn.Module], list[str]] = (
        no_differences
    )

    def matches(self, names: Iterable[str]) -> bool:
        """Tell whether keys are of this format."""
        return any(re.match(self.sign, without_wrappers(name)) for name in names)

    def rename(self, names: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Find MMAction2's names for the format's keys.

        Returns:
            The name for each key, and the reason for each key that is dropped.
        """
        renamed, dropped = {}, {}
        for name in names:
            new, reason = self._rename(without_wrappers(name))
            if new is None:
                dropped[name] = reason
            else:
                renamed[name] = new
        return renamed, dropped

    def _rename(self, name: str) -> tuple[str | None, str]:
        for rule in self.rules:
            if re.match(rule.pattern, name):
                if rule.replacement is None:
                    return None, rule.reason
                return re.sub(f'^{rule.pattern}', rule.replacement, name), ''
        return name, ''


def without_wrappers(name: str) -> str:
    """A key without what wraps its whole model.

    >>> without_wrappers('module.backbone.conv1.weight')
    'backbone.conv1.weight'
    """
    return _WRAPPERS.sub('', name)
