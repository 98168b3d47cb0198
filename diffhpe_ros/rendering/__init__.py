"""Rendered people whose joints are known: the demo clip, and test images for detectors.

`body.Pose` holds the joints (from `walk.CircleWalk` or from motion capture),
`clothes.Figure` dresses them, `render.Renderer` draws them as a `scene.CameraView` sees them.
"""
