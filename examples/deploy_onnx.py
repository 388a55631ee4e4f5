"""Run what `crossgap export` wrote, with onnxruntime, NumPy and Pillow alone.

python deploy_onnx.py MODEL.onnx IMAGE.png ...
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1  # one core; more for images above 128 pixels
robot = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
for name in sys.argv[2:]:
    picture = ImageOps.exif_transpose(Image.open(name)).convert("RGB")  # upright, as Crossgap reads it
    image = np.asarray(picture)  # (height, width, 3) uint8
    (labels,) = robot.run(None, {"image": image[None]})
    print(name, np.asarray(labels)[0])
