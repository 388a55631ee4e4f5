"""Videos: one through a translator, frame by frame; and new ones of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from crossgap.base.files import writing
from crossgap.base.progress import progress_bar
from crossgap.deploy.adapted import AdaptedModel
from crossgap.deploy.pictures import as_taken, check_is_new, check_translates
from crossgap.errors import CrossgapError

CODEC, QUALITY, SMALLER = "libx264", "18", "26"
"""H.264, which every player knows, at a rate factor that looks like the frames it is made of; and at one that
halves its size."""
USUAL_RATE, UNIT = Fraction(25), Fraction(1, 90_000)
"""Frames per second, and the unit of time in seconds, of a video that does not say."""
BATCH = 16
"""Frames that are translated at a time."""
NO_TIMES = ("avi",)
"""Formats that say in which order frames come, but not when."""
QUARTER = 90
"""Degrees: cameras that were turned say so beside the frames."""


class Shown(NamedTuple):
    """A frame of a video."""

    image: np.ndarray
    """What a player shows, (H, W, 3) uint8."""
    time: int
    """From when on, in the stream's unit of time."""
    duration: int
    """For how long."""


def translate_video(
    model: AdaptedModel, source: str | Path, output: str | Path, resize: bool = False, quiet: bool = False
) -> int:
    """Translate every frame of a video into a new MP4, shown when it was; sound is left out.

    It is written in one piece: one that was killed begins again.

    Args:
        model: with a translator.
        source: a video, as ffmpeg reads it.
        output: the new file, `.mp4`.
        resize: scale and centre-crop frames into the model's size, where the model has no preparation.
        quiet: no progress bar.

    Returns:
        How many frames it has.

    Raises:
        CrossgapError: the model has no translator; the video is damaged, or its frames are not of the model's
            size; `output` is there already, or no MP4.
    """
    source, output = Path(source), Path(output)
    check_translates(model)
    check_is_new(output)
    if output.suffix.lower() != ".mp4":
        raise CrossgapError(f"{output} cannot be written. Expected a name that ends in .mp4.")
    count = 0
    try:
        with av.open(str(source)) as film:
            stream = _video_in(film, source)
            rate, unit = _rate(stream), stream.time_base or UNIT
            about = stream.frames or max(1, round(float((stream.duration or 0) * unit * rate)))
            batches = _batches(_frames(film, stream, max(1, round(1 / (rate * unit)))))
            if not (first := next(batches, [])):
                raise CrossgapError(f"{source} has no frames. Expected a video.")
            as_taken(first[0].image, model, resize, source)  # what is refused leaves no folder
            bar = progress_bar(f"translate {source.name}", about, quiet=quiet)
            with _new_video(output, model.size, rate, unit, QUALITY) as add, bar as advance:
                for batch in chain([first], batches):
                    images = [as_taken(frame.image, model, resize, source) for frame in batch]
                    for image, frame in zip(model.translate(np.stack(images)), batch, strict=True):
                        add(image, frame.time, frame.duration)
                    count += len(batch)
                    advance(len(batch))
    except FFmpegError as error:
        raise CrossgapError(
            f"{source} could not be translated ({error.strerror}). Expected a whole video, such as an MP4; "
            "or a folder of pictures, or one picture."
        ) from error
    return count


def write_video(path: Path, images: Iterable[np.ndarray], rate: int = 10) -> Path:
    """Write images as a small MP4, in one piece; its path.

    Args:
        path: the file.
        images: (H, W, 3) uint8 each, all of one size; both sides are even.
        rate: frames per second.
    """
    first = next(rest := iter(images))
    with _new_video(path, first.shape[:2], Fraction(rate), Fraction(1, rate), SMALLER) as add:
        for time, image in enumerate(chain([first], rest)):
            add(image, time, 1)
    return path


@contextmanager
def _new_video(
    path: Path, size: tuple[int, ...], rate: Fraction, unit: Fraction, quality: str
) -> Iterator[Callable[[np.ndarray, int, int], None]]:
    """What adds to a new MP4 an image, and from when on and for how long it is shown, in units of time.

    Args:
        path: the file, written in one piece.
        size: height and width, pixels.
        rate: frames per second.
        unit: of time, seconds.
        quality: the rate factor: the lower, the better.
    """
    with writing(path) as temporary, av.open(str(temporary), "w", format="mp4") as film:
        stream = film.add_stream(CODEC, rate=rate, options={"crf": quality})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = unit

        def add(image: np.ndarray, time: int, duration: int) -> None:
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.duration, frame.time_base = time, duration, unit
            film.mux(stream.encode(frame))

        yield add
        film.mux(stream.encode(None))


def _video_in(film: InputContainer, source: Path) -> VideoStream:
    if not film.streams.video:
        raise CrossgapError(f"{source} has no pictures, only sound or text. Expected a video.")
    return film.streams.video[0]


def _rate(stream: VideoStream) -> Fraction:
    """Frames per second."""
    return stream.average_rate or stream.guessed_rate or USUAL_RATE


def _frames(film: InputContainer, stream: VideoStream, step: int) -> Iterator[Shown]:
    """The frames in the order in which they are shown; without a time of its own, one is `step` after the
    last."""
    time, duration = -step, step
    for frame in film.decode(stream):
        if frame.pts is not None and frame.pts > time and film.format.name not in NO_TIMES:
            time, duration = frame.pts, frame.duration
        else:
            time += step
        image = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // QUARTER)
        yield Shown(image, time, duration)


def _batches(frames: Iterator[Shown]) -> Iterator[list[Shown]]:
    while batch := list(islice(frames, BATCH)):
        yield batch
