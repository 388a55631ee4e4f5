"""Which pictures were made here: each says so at its end, so that none of a user's own is written over."""

import hashlib
import struct
import zlib
from pathlib import Path

from crossgap.errors import CrossgapError

KEYWORD = b"crossgap\0"
"""Of the PNG's text chunk that holds the SHA-256 of all bytes before it."""
END = b"\0\0\0\0IEND\xaeB`\x82"
"""The last chunk of every PNG."""


def sign(picture: Path) -> None:
    """Note in a PNG, which was just written, that it was made here."""
    body = picture.read_bytes().removesuffix(END)
    picture.write_bytes(body + _signature(body) + END)


def is_signed(picture: Path) -> bool:
    """Whether a file is a PNG that was made here, and is as it was."""
    content, length = picture.read_bytes(), len(_signature(b"")) + len(END)
    body = content[:-length]
    return content[-length:] == _signature(body) + END


def check_replaceable(picture: Path, option: str) -> None:
    """Whether a picture may be written there: nothing is, or what an earlier command drew.

    Raises:
        CrossgapError: a folder is there, or a file that was not made here or was changed since.
    """
    if picture.is_dir() or (picture.exists() and not is_signed(picture)):
        raise CrossgapError(
            f"{option} {picture} is there, and was not made by Crossgap, or was changed since. Expected a "
            "name that is free, or delete it."
        )


def _signature(body: bytes) -> bytes:
    """The chunk: its length, kind, content and checksum."""
    content = b"tEXt" + KEYWORD + hashlib.sha256(body).hexdigest().encode()
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
