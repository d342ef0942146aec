"""A tempo study as one HTML page that opens without a network."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #202024; max-width: 62rem;
       margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
img { max-width: 100%; } figure { margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; margin: 1rem 0; }
th, td { padding: 0.2rem 0.8rem; text-align: right; border-bottom: 1px solid #e3e3e8; }
th:first-child, td:first-child { text-align: left; }
details { margin: 1rem 0; } footer { color: #6e6e78; font-size: 0.85rem; }
"""
# Longer tables are folded.
ROWS_SHOWN = 20


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        title: Its heading.
        numbers: What was found, a line each.
        text: What it means, paragraphs.
        figures: Pictures (PNG) by file name.
        header: Names of the table's columns.
        rows: Cells of the table.
    """

    title: str
    numbers: tuple[str, ...]
    text: tuple[str, ...]
    figures: Mapping[str, bytes] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def to_html(title: str, sections: Sequence[Section], made_of: Sequence[str]) -> str:
    """Write the page.

    Args:
        title: Its heading.
        sections: Its parts.
        made_of: What the study was made of, a line each.
    """
    parts = [
        '<!DOCTYPE html>',
        '<html lang="en"><head><meta charset="utf-8">',
        f'<title>{escape(title)}</title><style>{STYLE}</style></head><body>',
        f'<h1>{escape(title)}</h1>',
        *(_section(section) for section in sections),
        '<footer><h2>Made of</h2><ul>',
        *(f'<li>{escape(line)}</li>' for line in made_of),
        '</ul></footer></body></html>',
    ]
    return '\n'.join(parts) + '\n'


def _section(section: Section) -> str:
    parts = [f'<h2>{escape(section.title)}</h2>']
    parts += [f'<p>{escape(paragraph)}</p>' for paragraph in section.text]
    parts += ['<ul>', *(f'<li>{escape(n)}</li>' for n in section.numbers), '</ul>']
    for name, png in section.figures.items():
        data = base64.b64encode(png).decode()
        parts.append(
            f'<figure><img alt="{escape(name)}" src="data:image/png;base64,{data}">'
            '</figure>'
        )
    if section.rows:
        parts.append(_table(section))
    return '\n'.join(parts)


def _table(section: Section) -> str:
    rows = ['<tr>' + ''.join(f'<th>{escape(c)}</th>' for c in section.header) + '</tr>']
    rows += [
        '<tr>' + ''.join(f'<td>{escape(cell)}</td>' for cell in row) + '</tr>'
        for row in section.rows
    ]
    table = f'<table>{"".join(rows)}</table>'
    if len(section.rows) <= ROWS_SHOWN:
        return table
    return f'<details><summary>{len(section.rows)} rows</summary>{table}</details>'
