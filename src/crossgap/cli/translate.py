"""`crossgap translate`; what it does is imported when it runs."""

from pathlib import Path

from tyro.conf import FlagCreatePairsOff, Positional

from crossgap.commands.options import Device


def translate(
    model: Positional[Path], source: Positional[Path], output: Positional[Path],
    resize: FlagCreatePairsOff[bool] = False, reject_above: float | None = None,
    task_model: Path | None = None, camera: tuple[str, ...] = (), device: Device = "auto",
) -> None:  # fmt: skip
    """Translate a folder of pictures, a LeRobot data set, demonstrations in HDF5, one picture or a video with
    a model's translator.

    In a folder names, subfolders, formats, labels.csv and all other files stay as they are; JPEG is written
    in quality 95. Of a recording actions, states, times, tasks and other cameras stay, byte for byte. Started
    again after a kill, a folder goes on where it was; all else begins again.

    Args:
        model: folder of an adapted model of any method with a translator; or a generator's file of
            pytorch-CycleGAN-and-pix2pix, latest_net_G_A.pth or such, for images of 256 pixels or what its
            U-Net is for: `crossgap convert` makes models for others.
        source: a folder of pictures, a LeRobot data set, an HDF5 file, a picture or a video.
        output: the new folder, file (.hdf5), picture, or video (.mp4).
        resize: scale and centre-crop what is not of the model's size into it.
        reject_above: leave out labelled pictures of a folder, and their rows in its table, whose task error
            is larger once they are translated: of numbers the mean square over the labels' spread (1 = knows
            nothing), of classes 1 where it is another one. Of a recording whole episodes, by their mean.
        task_model: the adapted model whose task model measures that, of the domain translated into; by
            default this model's own.
        camera: whose images are translated, of a recording, or the columns of a folder's table that name
            them; by default of all cameras whose images the model takes.
        device: where the model runs.
    """
    from crossgap.commands.translate import translate as run

    run(model, source, output, resize, device, reject_above, task_model, camera)
