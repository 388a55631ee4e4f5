"""Streams of random numbers: the order in which a phase goes through a data set.

What is added to a run's seed, in thousands, but for images that a translator drew. Data sets that a phase
sees at once have different ones; such as belong together row by row have the same.
"""

SOURCE, TARGET, UNLABELLED = 1, 2, 5
"""Of a translator's training."""
RANDOMIZED = 6
"""Randomized source images, and the source images that they are of."""
SUPERVISED = 10
"""The first data set of a supervised training; further ones have the next."""
REFINING = 4
"""The source images that a task model is refined on beside what a translator drew."""
DRAWN_TARGET, DRAWN_RANDOMIZED = 3, 5
"""What a translator drew of target images, or of source images in their place, and of randomized ones; not
in thousands."""
PAIRED, TRANSLATED = 20, 21
"""The pairs of two columns: the true ones, and source images beside what a translator drew of them."""
FEATURES = 20, 21, 22
"""Where features are adapted: source images, target images, labelled target images."""
