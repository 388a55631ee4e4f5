"""Integrated gradients: which pixels a prediction rests on. Imports no torch."""
