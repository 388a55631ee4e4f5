"""Frames of a video file, by their number from 0; and a video of frames. `av` is loaded when it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from crossgap.errors import CrossgapError

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm")
"""Endings of videos."""
QUARTER = 90
"""Degrees: cameras that were turned say so beside the frames."""
CODECS = {
    "h264": ("libx264", {"crf": "18", "g": "2"}),
    "av1": ("libsvtav1", {"crf": "30", "g": "2", "preset": "8"}),
}
"""How frames are kept: whole ones every other, so that each is found quickly, as LeRobot does."""


def is_video(file: Path) -> bool:
    """Whether a file is a video, by its ending."""
    return file.suffix.lower() in VIDEOS


def video_frames(path: Path, wanted: Sequence[int]) -> Iterator[np.ndarray]:
    """The frames of those numbers, in that order, upright, each (H, W, 3) uint8.

    Args:
        path: the video.
        wanted: from 0; rising ones are read in one go.

    Raises:
        CrossgapError: the file is missing or damaged, or has fewer frames.
    """
    reached, frames = -1, _decoded(path)
    image = np.empty((0, 0, 3), np.uint8)
    for number in wanted:
        if number < reached:
            reached, frames = -1, _decoded(path)
        while reached < number:
            if (found := next(frames, None)) is None:
                raise CrossgapError(
                    f"{path}: no frame {number}. Available: 0 to {reached}; it may be cut off."
                )
            reached, frame = reached + 1, found
            if reached == number:
                image = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // QUARTER)
        yield image


def count_frames(path: Path) -> int:
    """How many frames a video has: what it says, else counted.

    Raises:
        CrossgapError: the file is missing or damaged.
    """
    with _opened(path) as film:
        said = film.streams.video[0].frames
    return said or sum(1 for _ in _decoded(path))


def _decoded(path: Path) -> Iterator[Any]:
    """All frames, in the order in which they are shown."""
    from av.error import FFmpegError

    with _opened(path) as film:
        film.streams.video[0].thread_type = "AUTO"
        try:
            yield from film.decode(video=0)
        except FFmpegError as error:
            raise _damaged(path, error) from error


def _opened(path: Path) -> Any:
    import av
    from av.error import FFmpegError

    try:
        film = av.open(str(path))
    except FileNotFoundError:
        raise CrossgapError(f"No video {path}.") from None
    except (FFmpegError, OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not film.streams.video:
        film.close()
        raise CrossgapError(f"{path} has no pictures, only sound or text. Expected a video.")
    return film


def _damaged(path: Path, error: Exception) -> CrossgapError:
    reason = getattr(error, "strerror", None) or error
    return CrossgapError(f"{path}: damaged video ({reason}). Expected a whole MP4.")


class VideoWriter:
    """A video of frames, one after the other; the file is whole once the block ends.

    Args:
        path: of the new file, `.mp4`.
        fps: frames per second.
        codec: one of `CODECS`.
    """

    def __init__(self, path: Path, fps: float, codec: str = "h264"):
        import av

        os.environ.setdefault("SVT_LOG", "1")  # or the AV1 encoder tells of itself at length
        self.path, self.frames = path, 0
        name, options = CODECS[codec]
        self._film: Any = av.open(str(path), "w", format="mp4")
        self._stream: Any = self._film.add_stream(
            name, rate=Fraction(fps).limit_denominator(1001), options=options
        )

    def add(self, images: Iterable[np.ndarray]) -> None:
        """Add frames (H, W, 3) uint8, all of one size.

        Raises:
            CrossgapError: a side is odd, which such videos cannot have, or another than that of the first.
        """
        from av.video.frame import VideoFrame

        for image in images:
            h, w = image.shape[:2]
            if not self.frames:
                self._stream.width, self._stream.height, self._stream.pix_fmt = w, h, "yuv420p"
            if h % 2 or w % 2 or (w, h) != (self._stream.width, self._stream.height):
                raise CrossgapError(
                    f"A frame of {w}×{h} pixels cannot be in a video of {self._stream.width}×"
                    f"{self._stream.height}. Expected one size with even sides; as images any will do."
                )
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = self.frames, 1 / Fraction(self._stream.average_rate)
            self._film.mux(self._stream.encode(frame))
            self.frames += 1

    def close(self) -> None:
        """Write what is not written yet."""
        if self.frames:
            self._film.mux(self._stream.encode(None))
        self._film.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
