"""Teaches a bundle what people said of photos: new rows for its head, from features alone."""

from barkive.learning.learner import Learned, Occasion, learn
from barkive.learning.lessons import FEWEST_PHOTOS, Lessons
from barkive.learning.memory import Memory
from barkive.learning.report import BreedScore, Report, Score, Suspect

__all__ = [
    "FEWEST_PHOTOS",
    "BreedScore",
    "Learned",
    "Lessons",
    "Memory",
    "Occasion",
    "Report",
    "Score",
    "Suspect",
    "learn",
]
