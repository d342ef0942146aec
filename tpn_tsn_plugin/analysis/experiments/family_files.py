"""The table and the results of a family, which no other run writes over."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpn_tsn_plugin.errors import ExperimentError
from tpn_tsn_plugin.output_files import write_whole

from .family import Cell, Family
from .family_run import Result


@dataclass(frozen=True)
class FamilyFiles:
    """What ends a family's run: ``table.md`` and ``results.json``.

    Attributes:
        folder: Where they are.
        name: Name of the family.
        family: Its cells.
        seeds: Seeds of this run.
    """

    folder: Path
    name: str
    family: Family
    seeds: tuple[int, ...]

    @property
    def table(self) -> Path:
        """The table, in Markdown."""
        return self.folder / 'table.md'

    @property
    def results(self) -> Path:
        """All results, and what they are of."""
        return self.folder / 'results.json'

    def require_own(self) -> None:
        """Check that what is there is of this family, and that nothing of it is lost.

        Raises:
            ExperimentError: Another family's, or with seeds or cells that this run does
                not have.
        """
        there = [path for path in (self.results, self.table) if path.exists()]
        if not there:
            return
        fault = self._fault()
        if fault is not None:
            raise ExperimentError(
                f'{there[0]} {fault}; choose another folder with --out, or give '
                '--force to replace table.md and results.json'
            )

    def write(self, text: str, results: Mapping[Cell, Sequence[Result]]) -> None:
        """Write both files.

        Args:
            text: The table and what stands above it.
            results: Results by cell, in the order of the seeds.
        """
        content = dict(
            family=self.name,
            seeds=list(self.seeds),
            cells=[
                dict(row=cell.row, column=cell.column, runs=runs)
                for cell, runs in results.items()
            ],
        )
        write_whole(self.table, text + '\n')
        write_whole(self.results, json.dumps(content, indent=1) + '\n')

    def _fault(self) -> str | None:
        """Why what is there is not to be replaced; None where it may be."""
        try:
            content: dict[str, Any] = json.loads(self.results.read_text())
            name, seeds = content['family'], set(content['seeds'])
            places = {(cell['row'], cell['column']) for cell in content['cells']}
        except Exception:
            # There is none, or whatever else it is.
            return 'is there, and nothing says of which family and seeds it is'
        if name != self.name:
            return f'is of the family {name!r:.200}, not {self.name!r}'
        lacking = seeds - set(self.seeds)
        if lacking:
            return (
                f'has seeds that this run does not have: '
                f'{", ".join(sorted(map(repr, lacking))):.200}'
            )
        lost = places - {(cell.row, cell.column) for cell in self.family.cells}
        if lost:
            place = min(lost, key=str)
            return f'has a cell that the family does not have: {place!r:.200}'
        return None
