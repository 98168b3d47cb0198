"""`diffhpe demo`: runs the whole live graph on a clip, and writes pictures, a bag and a report."""

from diffhpe_ros.demo.recording import DemoSettings
from diffhpe_ros.demo.run import choose_source, run_demo, run_live
from diffhpe_ros.demo.source import embedded_clip

__all__ = ["DemoSettings", "choose_source", "embedded_clip", "run_demo", "run_live"]
