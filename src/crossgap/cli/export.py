"""`crossgap export`; what it does is imported when it runs."""

from pathlib import Path

from tyro.conf import FlagCreatePairsOff, Positional


def export(
    model: Positional[Path], output: Positional[Path], picture: FlagCreatePairsOff[bool] = False,
    camera: str | None = None, int8: FlagCreatePairsOff[bool] = False, calibration: Path | None = None,
) -> None:  # fmt: skip
    """Export an adapted model as one ONNX file that runs without torch and without Crossgap.

    Input: images (n, height, width, 3) uint8, red, green, blue. Output: labels (n, k) in their own units; or
    a class (n, 1) and its scores; or translated images. It is compared with torch, and not written where it
    differs. Needs the extra `export`: pip install 'crossgap[export]'.

    Args:
        model: folder of an adapted model.
        output: the new file (.onnx).
        picture: the translated image as the output, though there is a task model.
        camera: HEIGHTxWIDTH of the camera's images, such as 480x640, where the model was trained on images
            that were prepared (`crossgap train --size`): the file prepares them, too. By default it takes
            prepared ones, unless the model says which camera its region is of.
        int8: convolutions in 8 bits, about twice as fast; needs --calibration.
        calibration: a folder of images such as the robot sees: the episodes of one half calibrate 8 bits, on
            those of the other half it is said what they cost; in error, where there is a labels.csv.
    """
    from crossgap.commands.export import export as run

    run(model, output, picture, camera, int8, calibration)
