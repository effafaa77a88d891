"""The look: what adjustments of single pixels mean, as numbers that the development applies."""

from darkroomd.imaging.look.compile import Look, compile_look

__all__ = ["Look", "compile_look"]
