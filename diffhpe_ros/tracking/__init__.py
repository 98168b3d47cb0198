"""Tracks: which detection of an image is which person of the images before."""

from diffhpe_ros.tracking.people_tracker import PeopleTracker
from diffhpe_ros.tracking.tracker import NOT_FOLLOWED, Return, Tracker

__all__ = ["NOT_FOLLOWED", "PeopleTracker", "Return", "Tracker"]
