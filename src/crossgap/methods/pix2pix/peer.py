"""What pix2pix's networks are called in pytorch-CycleGAN-and-pix2pix."""

from crossgap.methods.peer import Peers

PEERS = Peers("--pix2pix.init", {"generator": "G", "discriminator": "D"}, judged=6)
