"""What `crossgap data` does: convert data sets, and check them before a training."""
