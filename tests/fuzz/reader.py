"""What a kind of file is, for the fuzz tests."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from mutations import ODD, damaged, odd_content


class Evil:
    """Runs code where it is unpickled without care."""

    def __reduce__(self):
        return eval, ("open('ran', 'w')",)

    def __deepcopy__(self, memo):
        # A copy would run it too.
        return self


def to_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def to_config(value: dict) -> bytes:
    return ''.join(f'{key} = {inside!r}\n' for key, inside in value.items()).encode()


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Attributes:
        name: What it is called, with the suffix that it needs.
        read: Reads one.
        seeds: Valid ones.
        hostile: Ones that bring code with them, to be damaged as well.
        values: Valid ones before ``dump`` makes files of them.
        dump: Makes a file.
        odd: What takes the place of things in ``values``.
        beside: Files in the same folder, which are not damaged.
        names_file: Whether an error says which file it is about.
        share: How many cases, of those that others have: a process of its own, or
            several configs, are slow to read.
    """

    name: str
    read: Callable[[Path], Any]
    seeds: Sequence[bytes] = ()
    hostile: Sequence[bytes] = ()
    values: Sequence[Any] = ()
    dump: Callable[[Any], bytes] = to_json
    odd: Sequence[Any] = field(default_factory=lambda: ODD)
    beside: Mapping[str, bytes] = field(default_factory=dict)
    names_file: bool = True
    share: float = 1.0

    @property
    def valid(self) -> list[bytes]:
        """All valid files."""
        return [*self.seeds, *map(self.dump, self.values)]

    def cases(self) -> st.SearchStrategy[bytes]:
        """Files, most of them damaged."""
        noisy = damaged([*self.valid, *self.hostile])
        if not self.values:
            return noisy
        return noisy | odd_content(self.values, self.dump, self.odd)

    def put(self, folder: Path, content: bytes) -> Path:
        """Write a file, and what stands beside it."""
        for name, other in self.beside.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(other)
        path = folder / self.name
        path.write_bytes(content)
        return path
