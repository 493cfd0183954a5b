"""What errors mean: :func:`diagnose`."""

from .reader import CAUSES, Diagnosis, diagnose

__all__ = ["CAUSES", "Diagnosis", "diagnose"]
