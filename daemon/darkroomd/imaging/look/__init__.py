"""The look: what adjustments of single pixels mean, as numbers that the development applies."""

from darkroomd.imaging.look.compile import Look, compile_look
from darkroomd.imaging.look.white_balance import CameraColour

__all__ = ["CameraColour", "Look", "compile_look"]
