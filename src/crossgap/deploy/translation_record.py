"""What a translated folder says of itself: what it was made of, and which files are done."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crossgap.base.files import append_json_line, read_json_lines
from crossgap.base.records import differences
from crossgap.errors import CrossgapError

RECORD = Path(".crossgap", "translation.jsonl")
"""Hidden, as readers of a folder of images leave out what is."""
ROW = {...: dict}
"""Shape of a line: its first says what the folder is made of, the others what is done."""


class TranslationRecord:
    """Of a folder that is being translated.

    Args:
        source: the folder of pictures.
        output: the folder of their translations, new or begun by the same translation.
        of: what decides how a picture is translated, as JSON.

    Raises:
        CrossgapError: `output` is there and is not this translation's, or has what `source` has no more.
    """

    def __init__(self, source: Path, output: Path, of: dict[str, Any]):
        self.source, self.output, self.path = source, output, output / RECORD
        rows = read_json_lines(self.path, ROW) if output.is_dir() else []
        taken = output.is_file() or (output.is_dir() and {*output.iterdir()} - {self.path.parent})
        if taken and not rows:
            raise CrossgapError(f"{output} exists already. Expected a new folder to translate into.")
        self._begun, self._of = bool(rows), of
        self._check_same(rows)
        self._done = {name: digest for row in rows[1:] for name, digest in row.get("done", {}).items()}
        if gone := sorted(name for name in self._done if not (source / name).is_file()):
            raise CrossgapError(f"{output} has {gone[0]}, {source} has it no more. Expected a new folder.")

    def checked(self, files: Iterable[Path]) -> dict[str, str]:
        """The SHA-256 of each of some files of the source.

        Raises:
            CrossgapError: one is done, and was another picture then.
        """
        found = {str(file): _digest(self.source / file) for file in files}
        for name, digest in found.items():
            if self._done.get(name, digest) != digest:
                raise CrossgapError(
                    f"{self.source / name} has changed since {self.output / name} was made of it. Expected "
                    "the same pictures, or a new folder."
                )
        return found

    def has(self, digests: dict[str, str]) -> bool:
        """Whether all of these files are done, and there."""
        return all(name in self._done and (self.output / name).is_file() for name in digests)

    def begin(self) -> None:
        """Say in the folder what it is made of, before anything else is written to it; what is refused before
        leaves nothing.

        Raises:
            CrossgapError: another translation has begun there meanwhile.
        """
        if self._begun:
            return
        rows = read_json_lines(self.path, ROW)  # another process may have begun meanwhile
        self._check_same(rows)
        if not rows:
            append_json_line(self.path, {"of": self._of})
        self._begun = True

    def _check_same(self, rows: list[dict[str, Any]]) -> None:
        """Whether a folder with such rows is of this translation."""
        if rows and (different := differences(rows[0].get("of"), self._of)):
            raise CrossgapError(
                f"{self.output} is of another translation: {'; '.join(different)}. Expected the same model "
                "and options, or a new folder."
            )

    def note(self, digests: dict[str, str]) -> None:
        """Note that these files are done."""
        append_json_line(self.path, {"done": digests})


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
