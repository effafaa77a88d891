"""What a later description of an interface may not have lost or changed."""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(r"#[^\n]*")
_MEMBER: Final = re.compile(r"^(type|method|error)\s+(\w+)\s*", re.MULTILINE)
_ENTRY: Final = re.compile(r"(\w+)\s*(?::\s*([^,()]+))?")


def losses(before: str, after: str) -> list[str]:
    """Return what `after` takes away from those who were written for `before`, in words.

    Members and fields may be added; what a client sends must not become mandatory.
    """
    old, new = members(before), members(after)
    lost = [f"{name} is gone" for name in old if name not in new]
    for name, lists in old.items():
        for number, fields in enumerate(lists):
            grown = new[name][number] if name in new else fields
            lost += [f"{name}: {field} changed" for field in fields if grown.get(field) != fields[field]]
            if name.startswith("method") and number == 0:
                added = grown.keys() - fields.keys()
                lost += [
                    f"{name}: {field} is mandatory" for field in sorted(added) if grown[field][:1] != "?"
                ]
    return lost


def members(text: str) -> dict[str, list[dict[str, str]]]:
    """Return the lists of fields of each member, in their order, with the type of each."""
    bare = _COMMENT.sub("", text)
    found = list(_MEMBER.finditer(bare))
    ends = [match.start() for match in found[1:]] + [len(bare)]
    return {
        f"{match[1]} {match[2]}": [
            {field: form.strip() for field, form in _ENTRY.findall(part)}
            for part in bare[match.end() : end].split("->")
        ]
        for match, end in zip(found, ends, strict=True)
    }
