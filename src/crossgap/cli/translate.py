"""`crossgap translate`; what it does is imported when it runs."""

from pathlib import Path

from tyro.conf import FlagCreatePairsOff, Positional

from crossgap.commands.options import Device


def translate(
    model: Positional[Path], source: Positional[Path], output: Positional[Path],
    resize: FlagCreatePairsOff[bool] = False, device: Device = "auto",
) -> None:  # fmt: skip
    """Translate a folder of pictures, one picture or a video with a model's translator.

    In a folder names, subfolders, formats, labels.csv and all other files stay as they are; JPEG is written
    in quality 95. Started again after a kill, it goes on where it was; a video begins again.

    Args:
        model: folder of an adapted model of any method with a translator; or a generator's file of
            pytorch-CycleGAN-and-pix2pix, latest_net_G_A.pth or such, for images of 256 pixels or what its
            U-Net is for: `crossgap convert` makes models for others.
        source: a folder of pictures, a picture or a video.
        output: the new folder, picture, or video (.mp4).
        resize: scale and centre-crop what is not of the model's size into it.
        device: where the model runs.
    """
    from crossgap.commands.translate import translate as run

    run(model, source, output, resize, device)
