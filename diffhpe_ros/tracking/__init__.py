"""Tracking: assigns the detections in an image to the people of earlier images."""

from diffhpe_ros.tracking.people_tracker import PeopleTracker
from diffhpe_ros.tracking.tracker import NOT_FOLLOWED, Return, Tracker

__all__ = ["NOT_FOLLOWED", "PeopleTracker", "Return", "Tracker"]
