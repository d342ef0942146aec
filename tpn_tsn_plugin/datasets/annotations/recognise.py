"""Saying what an annotation file is that was given in place of another."""

import json
import re

LONGEST = 80
# What JSON raises: it is none, a number has too many digits, it is nested too deeply.
NO_JSON = (ValueError, RecursionError)

# What the first line of a file tells; the first pattern that fits counts.
KINDS: tuple[tuple[str, str], ...] = (
    (r'MATLAB \d', 'a MATLAB file'),
    (r'narration_id,.*\bverb_class\b', 'an EPIC-KITCHENS-100 file'),
    (r'narration_id,', 'an EPIC-KITCHENS-100 file without labels'),
    (r'uid,.*\bverb_class\b', 'an EPIC-KITCHENS-55 file'),
    (r'uid,', 'an EPIC-KITCHENS-55 file without labels'),
    (r'video_(validation|test)_\d+\s+[\d.]+\s+[\d.]+$', 'THUMOS14 times'),
    (r'[^/\s]+/v_\w+_g\d+_c\d+\.avi(\s+\d+)?$', 'a UCF101 list'),
    (r'[^/]+\.avi\s+[012]$', 'an HMDB51 split file'),
    (r'\d+\s+\w+$', 'a class index'),
    (r'\d+;', 'a Something-Something V1 list'),
    (r'\S+\.\w{3,4}(\s+\d+)+$', 'an MMAction2 list of videos'),
    (r'\S+(\s+\d+){2,}$', 'an MMAction2 list of frame folders'),
)


def recognise(text: str) -> str:
    """Name what a text is.

    Args:
        text: A file, or its first line; JSON is only known from all of it.

    Returns:
        Words that fit after "found".
    """
    first = text.strip().partition('\n')[0].strip()
    if first[:1] in ('[', '{'):
        return _recognise_json(text)
    shown = first if len(first) <= LONGEST else f'{first[:LONGEST]}…'
    for pattern, kind in KINDS:
        if re.match(pattern, first):
            return f'{kind} ({shown!r})'
    return repr(shown)


def _recognise_json(text: str) -> str:
    try:
        content = json.loads(text)
    except NO_JSON:
        return 'damaged JSON'
    if isinstance(content, dict) and isinstance(content.get('database'), dict):
        return f'an ActivityNet file (version {content.get("version", "unknown")!r})'
    if isinstance(content, dict) and all(
        isinstance(value, str) and value.isdigit() for value in content.values()
    ):
        return 'Something-Something V2 labels'
    if isinstance(content, list) and content and isinstance(content[0], dict):
        keys = ', '.join(map(str, content[0]))
        if 'template' in content[0]:
            return 'a Something-Something V2 list'
        return f'a JSON list of objects with {keys}'
    return f'JSON, a {type(content).__name__}'
