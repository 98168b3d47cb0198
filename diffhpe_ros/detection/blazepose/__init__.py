"""BlazePose: person search, regions, landmarks, and tracks between images."""
