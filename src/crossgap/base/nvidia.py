"""Is there an NVIDIA GPU? `scripts/choose_torch.py` asks, too, where nothing but Python is installed yet."""

import shutil
import subprocess


def has_gpu() -> bool:
    """Whether an NVIDIA driver sees a GPU, whatever torch can do with it."""
    if shutil.which("nvidia-smi") is None:
        return False
    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return False
    return listed.returncode == 0 and "GPU" in listed.stdout
