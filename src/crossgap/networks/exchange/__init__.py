"""Weights of pytorch-CycleGAN-and-pix2pix, the code of its papers: `.pth` files to our networks, and back."""

from crossgap.networks.exchange.files import find_peer, load_peer, peer_file, save_peer
from crossgap.networks.exchange.inference import rebuilt
from crossgap.networks.exchange.names import to_peer

__all__ = ["find_peer", "load_peer", "peer_file", "rebuilt", "save_peer", "to_peer"]
