"""Train on two folders of images with a labels.csv, and predict: `python own_data.py sim real out`."""

import sys
from pathlib import Path

from crossgap import Methods, Trainer, make_fabric, read_folder
from crossgap.methods.config import OWN_DATA

if len(sys.argv) != 4:
    sys.exit("Usage: python own_data.py SOURCE TARGET OUTPUT: two folders of images, and one to be made")
source, target, output = sys.argv[1:]
config = OWN_DATA  # minutes on 2 cores; `TaskGANConfig()` is the paper's
trainer = Trainer(Path(output), make_fabric(), seed=0)
methods = Methods(read_folder(source), read_folder(target), config, trainer)
model = methods.get("taskgan_inverse_refined")  # trains what it builds on first, and resumes after a kill
print(model.predict(methods.target.images[:4]), model.label_names)
