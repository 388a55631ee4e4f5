"""What CycleGAN's networks are called in pytorch-CycleGAN-and-pix2pix; D_A judges domain B there."""

from crossgap.methods.peer import Peers

PEERS = Peers(
    "--cyclegan.init",
    {"forward": "G_A", "inverse": "G_B", "discriminator_y": "D_A", "discriminator_x": "D_B"},
)
