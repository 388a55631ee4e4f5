"""A study a module, which enters itself in `study.STUDIES`."""
