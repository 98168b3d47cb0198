"""Node `lifter`: windows of 2D joints → people in metres."""

import time
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, NamedTuple, NoReturn

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import MarkerArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, free_device_memory
from diffhpe_ros.nodes import qos
from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.diagnostics.thresholds import check_completeness, check_input, check_latency
from diffhpe_ros.nodes.failover import RETRY_S, FailoverLifter
from diffhpe_ros.nodes.floor_source import FloorSource
from diffhpe_ros.nodes.hri import body_id
from diffhpe_ros.nodes.hri.bodies_in_space import BodiesInSpace
from diffhpe_ros.nodes.messages.header import make_header, stamp_to_ns
from diffhpe_ros.nodes.messages.joints import pack_joints
from diffhpe_ros.nodes.messages.markers import delete_skeletons, pack_skeletons
from diffhpe_ros.nodes.messages.status import pack_coherence
from diffhpe_ros.nodes.messages.transforms import make_transforms, tf_message_type
from diffhpe_ros.nodes.messages.windows import camera_of, is_progress, unpack_windows
from diffhpe_ros.nodes.model_loading import LoadedModel, load, resample
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.nodes.planner_outputs import PlannerOutputs
from diffhpe_ros.nodes.posture_output import PostureOutput
from diffhpe_ros.nodes.run import run
from diffhpe_ros.nodes.senders import Senders
from diffhpe_ros.nodes.stamp_order import StampOrderQueue
from diffhpe_ros.nodes.topics import Expect
from diffhpe_ros.nodes.transforms.robot_frames import RobotFrames
from diffhpe_ros.nodes.upright_frames import UprightFrames
from diffhpe_ros.nodes.worker import Queue
from diffhpe_ros.pipeline.camera_fusion import PeopleFusion
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows
from diffhpe_ros.pipeline.plausibility import plausibility_warnings
from diffhpe_ros.track_registry import MAX_CAMERAS, SILENT_S, TrackRegistry


class LifterNode(StageNode[LifterParameters]):
    """Subscribes `windows`; publishes `skeletons`, `joints`, `coherence` and others."""

    def __init__(
        self,
        load_model: Callable[[LifterParameters], LoadedModel] = load,
        retry_s: float = RETRY_S,
        subscribes: bool = True,
        **options: Any,
    ) -> None:
        """Make the node, unconfigured.

        Args:
            load_model: loads the model that the parameters name.
            retry_s: seconds between two attempts to use a failed device again.
            subscribes: whether windows come from the topic; else a detector in the same process
                enqueues `PeopleWindows`.
            options: arguments of `rclpy.node.Node`.
        """
        super().__init__("lifter", LifterParameters, **options)
        self._load = load_model
        self._retry_s = retry_s
        self._subscribes = subscribes
        self._model: FailoverLifter | None = None
        self._stage: LiftingStage | None = None
        self._robot: RobotFrames | None = None
        self._tracks = TrackRegistry(self.parameters.marker_lifetime_s)
        self._newest: dict[str, _Newest] = {}
        """Camera → its newest result, for the last `MAX_CAMERAS`."""

    def setup(self) -> None:
        """Load the model."""
        self._model = FailoverLifter(self._load, self.parameters, self.diagnostics, self._retry_s)
        self.get_logger().info(self._model.description)
        outputs = qos.result(self.parameters.replay)
        advertise = self.topics.advertise
        self.diagnostics.set_value("expected_window_s", self._model.lifter.config.spans_s[1])
        self._skeletons = advertise(MarkerArray, "skeletons", outputs)
        self._joints = advertise(PointCloud2, "joints", outputs)
        self._coherence = advertise(DiagnosticArray, "coherence", outputs)
        self._planner_outputs = PlannerOutputs(self, outputs)
        self._posture_output = PostureOutput(self, outputs)
        self._bodies = BodiesInSpace(self) if self.parameters.hri else None
        self._upright = UprightFrames(self) if self.parameters.upright_frame_list else None
        if self.parameters.tf != "none":
            self._tf_type = tf_message_type("tf")
            self._tf = advertise(self._tf_type, "/tf", qos.TF)
        if self.parameters.fuse_cameras and not self.parameters.target_frame:
            raise DiffhpeError(
                "parameter fuse_cameras needs a frame that all cameras share: set target_frame"
            )
        self._robot = RobotFrames(self.parameters, self.diagnostics)  # refuses a missing tf2_msgs
        FloorSource(self.parameters, self._robot, self.diagnostics)  # refuses wrong settings

    def start(self) -> None:
        """Subscribe, without tracks."""
        assert self._model is not None
        self._tracks = TrackRegistry(self.parameters.marker_lifetime_s)
        self._newest = {}
        self._fusion = PeopleFusion() if self.parameters.fuse_cameras else None
        self._robot = RobotFrames(self.parameters, self.diagnostics)
        self._robot.subscribe(self.topics)
        self._floor = FloorSource(self.parameters, self._robot, self.diagnostics)
        self._stage = LiftingStage(
            self._model.lifter,
            self.parameters.output_options,
            self.parameters.person_height or None,
        )
        if self._upright is not None:
            self._upright.start()
            self._upright.publish()
        self._first = True
        if self._subscribes:
            self.topics.subscribe(
                PointCloud2,
                "windows",
                lambda message: self.enqueue(message, stream=camera_of(message)),
                qos.windows_in(self.parameters.replay),
                Expect.SOMETIMES,
                Senders(camera_of),
            )

    def stop(self) -> None:
        """Stop waiting for transforms."""
        if self._robot is not None:
            self._robot.close()

    def teardown(self) -> None:
        """Release the model and its memory on the device."""
        if self._model is not None:
            self._model.close()
        self._model = self._stage = self._robot = None
        free_device_memory()

    def on_stopped(self) -> None:
        """Delete the markers and bodies of all active tracks."""
        assert self._robot is not None
        for camera, stamp_ns, track_ids in self._tracks.active():
            self._delete(camera, stamp_ns, track_ids)
        for camera, newest in self._newest.items():
            nobody = LiftedPeople.empty(newest.frame_id, newest.stamp_ns, camera)
            self._planner_outputs.publish(nobody, self._robot.transforms)

    def _delete_silent(self) -> None:
        """Delete the markers and bodies of cameras without results in the last seconds.

        Planners are not told that nobody is there: the camera, its detector or TF has failed.
        """
        latest = time.monotonic() - max(SILENT_S, self.parameters.marker_lifetime_s)
        for camera, stamp_ns, track_ids in self._tracks.active():
            if self._newest[camera].published_at < latest:
                self._delete(camera, stamp_ns, track_ids)

    def _check_ids(self) -> None:
        """Warn of bodies of two cameras that have the same id."""
        tracks = {camera: {*track_ids} for camera, _, track_ids in self._tracks.active()}
        for (one, ids), (other, others) in combinations(tracks.items(), 2):
            if same := ids & others:
                self.diagnostics.warn(
                    "body_ids",
                    f"{one} and {other} both have the body {body_id(min(same))}: give each detector"
                    " its own first_track_id",
                )
                return
        self.diagnostics.clear("body_ids")

    def _delete(self, camera: str, stamp_ns: int, track_ids: list[int]) -> None:
        self._tracks.remove_camera(camera)
        frame_id = self._newest[camera].frame_id
        header = make_header(frame_id, stamp_ns)
        self.send(self._skeletons, delete_skeletons(camera, header, track_ids))
        if self._bodies is not None:
            self._bodies.keep(self._active(), frame_id, stamp_ns)

    def check(self, new: LifterParameters) -> None:
        """Refuse sampling settings that the model does not have."""
        if self._model is not None:
            resample(self._model.lifter, new)

    def change(self, new: LifterParameters) -> None:
        """Apply new sampling and smoothing settings; tracks are kept."""
        if self._model is not None:
            self._model.resample(new)
        if self._stage is not None:
            self._stage.smooth(new.output_options)
        self._tracks.set_timeout(new.marker_lifetime_s)

    def inspect(self) -> None:
        """Check input, windows and latency against their limits."""
        check_input(self.diagnostics)
        check_completeness(self.diagnostics)
        check_latency(self.diagnostics, self.parameters)
        if self._robot is not None:
            self._robot.inspect()
        if not self.parameters.replay:
            self.call_between_messages(self._delete_silent)
        if self._bodies is not None:
            self.call_between_messages(self._check_ids)

    def make_queue(self) -> Queue:
        """In a replay of several cameras, messages are taken in the order of their stamps."""
        expected = self.parameters.expected_cameras
        if self.parameters.replay and expected > 1:
            return StampOrderQueue(expected, _stamp_ns)
        return super().make_queue()

    def process(self, messages: list[Any]) -> None:
        """Lift the newest windows of all cameras as one batch."""
        assert self._robot is not None
        accepted = [windows for each in messages if (windows := self._accept(each)) is not None]
        begin = time.perf_counter()
        results = [
            (windows, self._with_up(people))
            for windows, people in zip(accepted, self._lift(accepted), strict=True)
            if people is not None
        ]
        lifted = [people for _, people in results]
        self._report_spans()
        self._report_sizes(lifted)
        if any(map(len, accepted)):
            self.diagnostics.time("lift", time.perf_counter() - begin)
        warnings = self._check_plausibility(lifted)
        for (windows, _), people, each in zip(
            results, map(self._robot.in_target_frame, lifted), warnings, strict=True
        ):
            if people is None:
                continue
            if self._fusion is not None:
                people, each = self._fusion.update(people, each)
            self._publish(people, each)
            if len(people) and not self.parameters.replay:
                self.diagnostics.time("latency", self.age_s(windows.stamp_ns))

    def _accept(self, message: PointCloud2 | PeopleWindows) -> PeopleWindows | None:
        """The windows of a message; None, with an error reported, if they cannot be lifted."""
        assert self._stage is not None and self._robot is not None
        if isinstance(message, PointCloud2) and is_progress(message):
            return None
        try:
            windows = message if isinstance(message, PeopleWindows) else unpack_windows(message)
            if len(windows):
                self.diagnostics.set_value("window_s", float(windows.spans_s.max()))
            self._stage.check(windows)
        except DiffhpeError as error:
            self.report_error(error)
            return None
        seen = np.isfinite(windows.keypoints[..., 0])
        self.diagnostics.tally("joints_seen", int(seen.sum()))
        self.diagnostics.tally("joints_expected", seen.size)
        return self._floor.with_floor(self._robot.with_motion(windows))

    def _lift(self, accepted: list[PeopleWindows]) -> list[LiftedPeople | None]:
        model, stage = self._model, self._stage
        assert model is not None and stage is not None

        def lift(lifter: Lifter) -> list[LiftedPeople | None]:
            stage.use(lifter)
            return stage.process(accepted)

        return model.run(lift)

    def _with_up(self, people: LiftedPeople) -> LiftedPeople:
        """Add the known direction of gravity to people, if it is wanted."""
        assert self._robot is not None
        if self._upright is None:
            return people
        return self._upright.update(people, self._robot.gravity(people.frame_id, people.stamp_ns))

    def _report_spans(self) -> None:
        """Warn of cameras whose windows stay shorter than the model's."""
        assert self._stage is not None
        for camera, warning in self._stage.span_warnings.items():
            if warning:
                self.diagnostics.warn_of_message(f"window_spans {camera}", warning)
            else:
                self.diagnostics.clear(f"window_spans {camera}")

    def _report_sizes(self, lifted: list[LiftedPeople]) -> None:
        """Report learnt body scales, and warnings about body sizes and the floor."""
        assert self._stage is not None
        for people in lifted:
            self._floor.update(people)
            known = self._stage.sizes.scales(people.camera)
            texts = [f"{track}: {scale}" for track, scale in known.items() if scale.is_learnt]
            name = f"body_scale {people.camera}"
            if texts:
                self.diagnostics.set_value(name, "; ".join(texts))
            else:
                self.diagnostics.remove_value(name)
        if warnings := self._stage.sizes.warnings:
            self.diagnostics.warn_of_message("sizes", "; ".join(warnings))
        else:
            self.diagnostics.clear("sizes")

    def _check_plausibility(self, lifted: list[LiftedPeople]) -> list[list[str]]:
        """Plausibility warnings of each camera's people, also counted in the diagnostics."""
        assert self._model is not None
        config = self._model.lifter.config
        found = [plausibility_warnings(people, config) for people in lifted]
        texts = [text for each in found for text in each if text]
        if texts:
            self.diagnostics.warn_of_message(
                "plausibility", f"{len(texts)} of {sum(map(len, lifted))}: {texts[0]}"
            )
        else:
            self.diagnostics.clear("plausibility")
        self.diagnostics.count("doubted", len(texts))
        return found

    def _publish(self, people: LiftedPeople, warnings: Sequence[str]) -> None:
        assert self._robot is not None
        located = [people.track_ids[row] for row in np.flatnonzero(people.located)]
        removed = self._removed_tracks(people, located)
        self._remember(people)
        if located and self._first:
            self._first = False
            self.get_logger().info(_first_person(people))
        if located and self.wanted(self._joints):
            self.send(self._joints, pack_joints(people))
        if self._bodies is not None:
            self._bodies.publish(people, self._active())
        if located and self.parameters.tf != "none" and people.frame_id:
            transforms = make_transforms(people, joints=self.parameters.tf == "joints")
            self.send(self._tf, self._tf_type(transforms=transforms))
        if (located or removed) and self.wanted(self._skeletons):
            parameters = self.parameters
            self.send(
                self._skeletons,
                pack_skeletons(
                    people, warnings, removed, parameters.marker_lifetime_s, parameters.ellipsoids
                ),
            )
        if len(people) and self.wanted(self._coherence):
            self.send(self._coherence, pack_coherence(people, warnings, self.parameters.model))
        self._planner_outputs.publish(people, self._robot.transforms)
        self._posture_output.publish(people)
        self.diagnostics.count("lifted", len(people))
        self.diagnostics.count("not_placed", len(people) - len(located))

    def _active(self) -> set[int]:
        """Ids of all cameras' tracks that are seen, or were seen a short time ago."""
        return {track_id for _, _, track_ids in self._tracks.active() for track_id in track_ids}

    def _removed_tracks(self, people: LiftedPeople, located: Sequence[int]) -> list[int]:
        """Track ids of this camera whose markers must be deleted."""
        if not len(people):
            removed = self._tracks.remove_camera(people.camera)
        else:
            removed = self._tracks.update(people.camera, located, people.stamp_ns)
        return sorted({track for camera, track in removed if camera == people.camera} - {*located})

    def _remember(self, people: LiftedPeople) -> None:
        self._newest.pop(people.camera, None)
        self._newest[people.camera] = _Newest(people.frame_id, people.stamp_ns, time.monotonic())
        while len(self._newest) > MAX_CAMERAS:
            del self._newest[next(iter(self._newest))]


class _Newest(NamedTuple):
    """The newest result of a camera."""

    frame_id: str
    stamp_ns: int
    published_at: float
    """Seconds of the monotonic clock."""


def _stamp_ns(message: PointCloud2) -> int:
    """Stamp of a `windows` message; 0 if it is invalid, which `_accept` reports."""
    try:
        return stamp_to_ns(message.header.stamp)
    except DiffhpeError:
        return 0


def _first_person(people: LiftedPeople) -> str:
    """Distance and track id of the first localized person, in one line."""
    row = np.flatnonzero(people.located)[0]
    away_m = float(np.linalg.norm(people.joints[row, 0] - people.viewpoint))
    return (
        f"first person: {away_m:.1f} m away, track {people.track_ids[row]} of camera"
        f" {people.camera}"
    )


def main() -> NoReturn:
    """Run the node."""
    run(lambda: [LifterNode()])


if __name__ == "__main__":
    main()
