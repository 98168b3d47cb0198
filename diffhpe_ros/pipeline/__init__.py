"""Image → people in metres, without ROS: the stages that the nodes wrap, and all in one class.

```python
pipeline = PosePipeline.from_pretrained(camera=camera)
people = pipeline(image_bgr, stamp_ns)
```
"""

from typing import TYPE_CHECKING, Any

from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows

if TYPE_CHECKING:
    from diffhpe_ros.pipeline.pose_pipeline import PosePipeline

__all__ = ["LiftedPeople", "PeopleWindows", "PosePipeline"]


def __getattr__(name: str) -> Any:
    """Import `PosePipeline` on first use: the detector's process does not need torch."""
    if name == "PosePipeline":
        from diffhpe_ros.pipeline.pose_pipeline import PosePipeline

        return PosePipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
