"""Rendered people whose joints are known: the demo clip, and test images for detectors.

`body.Pose` says where the joints are (from `walk.CircleWalk` or from motion capture),
`clothes.Figure` dresses them, `render.Renderer` draws them as a `scene.CameraView` sees them.
"""
