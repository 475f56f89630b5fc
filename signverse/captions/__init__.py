"""Caption tracks: from raw subtitle files to clean, timed segments per language."""
