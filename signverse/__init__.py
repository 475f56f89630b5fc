"""Pose-native sign-language corpora: everything the workflow does, importable without it."""

__version__ = "0.1.0"
