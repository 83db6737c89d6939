"""Secrets that look pasted wrongly: with something around or before them, or a name in their place."""

import re
from pathlib import Path as FilePath

_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "«": "»"}
_NAME = "[a-z_-]*(?:key|token|secret|password)"
_SCHEME = re.compile(r"(?:bearer|token|basic|apikey) +\S", re.IGNORECASE)
_HEADER = re.compile(rf"(?:(?:-H|--header)[ =]*['\"]?)?(?:authorization|x-[a-z0-9-]+|{_NAME}) *: *\S", re.IGNORECASE)
_ASSIGNED = re.compile(rf"(?:export +)?(?:[A-Z][A-Z0-9_]{{2,}}|(?i:{_NAME})) *= *[^= ]")
_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[^{}]+\}|\([^()]+\))")
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}|<[^<>]+>|%[A-Za-z_][A-Za-z0-9_]*%")
_JSON = re.compile(r"[{\[]\s*\".*[}\]]$", re.DOTALL)
_FOLDERS = re.compile(r"file:/|[A-Za-z]:\\|~/|\.{1,2}/|/(?:etc|home|mnt|opt|root|run|secrets|srv|tmp|usr|var)/")


def wrongly_pasted(part: str, secret: str, prefix: str) -> tuple[str, str] | None:
    """What is odd about a secret and what would be right, without a word of it; None where it looks right.

    `prefix` is what the provider's definition puts before it.
    """
    if len(secret) > 1 and _QUOTES.get(secret[0]) == secret[-1]:
        return "this secret has quotes around it, which are sent too", "remove them"
    if _SCHEME.match(secret) or (prefix.strip() and secret.startswith(prefix)):
        return "this secret begins with a word such as Bearer, which is added to it", "write what follows that word"
    if _HEADER.match(secret):
        return "this secret begins with a header's name", "write what follows the colon"
    if _ASSIGNED.match(secret):
        return "this secret begins with a name and an equals sign", "write what follows them"
    if _JSON.match(secret):
        return "this looks like JSON, in which the secret is one value", "write that value alone"
    if _VARIABLE.fullmatch(secret):
        return "this looks like a variable, which nothing expands", f"write its name under {part}_env"
    if _PLACEHOLDER.fullmatch(secret):
        return "this looks like a placeholder, which nothing fills in", "write the secret itself"
    return None


def is_path(text: str, folder: FilePath) -> bool:
    """Whether a text looks like a file's name: by its beginning, or because the file is there."""
    if _FOLDERS.match(text):
        return True
    try:
        return "/" in text and (folder / text).is_file()
    except (OSError, ValueError):
        return False
