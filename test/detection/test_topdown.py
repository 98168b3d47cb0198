"""The ONNX detector with real weights on real clips."""

import numpy as np
import pytest

from diffhpe_ros.detection import create_detector
from diffhpe_ros.detection.assemble import Joints
from diffhpe_ros.detection.onnx.topdown import TopDown
from diffhpe_ros.errors import DiffhpeError

PERSON_MODELS = ["yolox_nano_coco.onnx", "rtmdet_nano_person.onnx"]
POSE_MODEL = "movenet_singlepose_lightning_v4.onnx"


@pytest.fixture(scope="session")
def make(shared_data):
    detectors = {}

    def make(person_model=PERSON_MODELS[0], **options):
        key = (person_model, *sorted(options.items()))
        if key not in detectors:
            folder = shared_data / "onnx"
            models = {"person_model": folder / person_model, "pose_model": folder / POSE_MODEL}
            detectors[key] = create_detector("onnx", **models, threads=1, **options)
        return detectors[key]

    return make


def nearest(people, joints):
    """The keypoints (17, 2) of the person nearest to known joints."""
    distance = np.linalg.norm(people.keypoints - joints, axis=-1)
    return people.keypoints[np.nanmean(distance, axis=1).argmin()]


@pytest.mark.parametrize("person_model", PERSON_MODELS)
@pytest.mark.parametrize("camera", range(4))
def test_joints_land_on_the_person(make, view, person_model, camera):
    scene = view(camera)
    keypoints = [
        nearest(make(person_model).detect(frame), joints)
        for frame, joints in zip(scene.frames[::4], scene.joints[::4], strict=True)
    ]
    error = np.linalg.norm(np.stack(keypoints) - scene.joints[::4], axis=-1) / scene.height
    assert np.nanmedian(error) < 0.035


def test_same_models_elsewhere_gave_the_same_keypoints(make, view, shared_data):
    """The reference keypoints were computed with these weights by other code."""
    stored = np.load(shared_data / "multiview" / "pose2sim_single_coco17.npz")["keypoints2d"]
    people = make(min_confidence=0.0).detect(view(3).frames[0])
    assert len(people) == 1
    expected = stored[3, 0, [6, 8, 10, 5, 7, 9], :2]
    np.testing.assert_allclose(people.keypoints[0, [14, 15, 16, 11, 12, 13]], expected, atol=0.5)


@pytest.mark.parametrize("person_model", PERSON_MODELS)
def test_two_people_are_two(make, two_people, person_model):
    for frame in two_people:
        people = make(person_model).detect(frame)
        assert len(people) == 2
        centres = np.nanmean(people.keypoints, axis=1)
        man, woman = centres[np.argsort(centres[:, 0])]
        assert 500 < man[0] < 760  # on the roof
        assert man[1] < 460
        assert 1000 < woman[0] < 1500  # on the lawn
        assert woman[1] > 500


def test_no_more_people_than_asked_for(make, two_people):
    assert len(make(max_people=1).detect(two_people[0])) == 1


class WrittenBoxes:
    """A fake person model with given boxes, and a pose model that returns the boxes' positions."""

    device, layout = "none", "coco17"

    def __init__(self):
        self.boxes = []

    def find(self, image):
        boxes = np.array(self.boxes, np.float32).reshape(-1, 4)
        return boxes, np.linspace(0.9, 0.5, len(boxes)).astype(np.float32)

    def estimate(self, image, boxes):
        points = [np.tile((box[:2] + box[2:]) / 2, (17, 1)) for box in boxes]
        return [Joints(at, np.ones(17), np.full((17, 2, 2), np.nan)) for at in points]


def box(x):
    return [x - 30, 100, x + 30, 300]


def places(detector, boxes, *xs):
    boxes.boxes = [box(x) for x in xs]
    people = detector.detect(np.zeros((480, 640, 3), np.uint8))
    return people.keypoints[:, 0, 0].astype(int).tolist()


def test_followed_people_come_first_and_then_the_surest():
    boxes = WrittenBoxes()
    detector = TopDown("written", boxes, boxes, 0.3, 2)
    assert places(detector, boxes, 200) == [200]
    assert places(detector, boxes, 500, 205) == [205, 500]  # the highest score first
    assert places(detector, boxes, 400, 500, 210) == [210, 500]
    assert places(detector, boxes, 400, 500) == [500, 400]  # one is out of sight
    assert places(detector, boxes, 400, 500, 210) == [210, 500]  # and gets its place again
    detector.reset()
    assert places(detector, boxes, 400, 500, 210) == [400, 500]


def test_who_was_out_of_sight_for_long_has_no_place():
    boxes = WrittenBoxes()
    detector = TopDown("written", boxes, boxes, 0.3, 1)
    places(detector, boxes, 200)
    for _ in range(11):
        assert places(detector, boxes, 500) == [500]
    assert places(detector, boxes, 200, 500) == [500]
    detector.max_people = 2
    assert places(detector, boxes, 200, 400, 500) == [500, 200]


def test_movenet_has_the_covariance_of_its_scores_and_unseen_joints(make, view):
    scene = view(2)
    people = make(min_confidence=0.6).detect(scene.frames[0])
    sd = np.sqrt(people.covariance[..., 0, 0])[0] / scene.height
    sure, less_sure = sd[people.confidence[0].argmax()], np.nanmax(sd)
    assert 0.01 < sure < 0.025 < less_sure < 0.07
    assert (np.isnan(sd) == (people.confidence[0] == 0)).all()
    assert (np.isnan(people.keypoints).all(-1) == (people.confidence == 0)).all()
    assert (people.confidence == 0).any()
    assert people.confidence[people.confidence > 0].min() >= 0.6


@pytest.mark.parametrize("person_model", PERSON_MODELS)
@pytest.mark.parametrize("shape", [(480, 640, 3), (1, 1, 3), (2, 3000, 3)])
def test_image_without_people_has_nobody(make, person_model, shape):
    make(person_model).reset()
    for value in (0, 128, 255):
        assert len(make(person_model).detect(np.full(shape, value, np.uint8))) == 0


def test_people_who_leave_are_gone(make, view):
    frame = view(3).frames[0]
    assert len(make().detect(frame)) == 1
    assert len(make().detect(np.zeros_like(frame))) == 0


def test_device_is_what_the_session_runs_on(make, shared_data):
    assert make().name == "onnx"
    with pytest.warns(RuntimeWarning, match="cannot use ROCMExecutionProvider"):
        detector = make(providers=("ROCMExecutionProvider", "CPUExecutionProvider"))
    assert detector.device == "CPUExecutionProvider"


def test_models_in_each_others_places_are_told_apart(shared_data):
    person, pose = shared_data / "onnx" / PERSON_MODELS[0], shared_data / "onnx" / POSE_MODEL
    with pytest.raises(DiffhpeError, match=r"neither a YOLOX .* nor an RTMDet"):
        create_detector("onnx", person_model=pose, pose_model=pose)
    with pytest.raises(DiffhpeError, match=r"neither a MoveNet .* nor a SimCC"):
        create_detector("onnx", person_model=person, pose_model=person)


def test_options_and_images_out_of_range_are_refused(make):
    with pytest.raises(
        DiffhpeError, match="max_people must be a whole number of at least 1, got 0"
    ):
        make(max_people=0)
    with pytest.raises(DiffhpeError, match="person_threshold"):
        make(person_threshold=2)
    with pytest.raises(DiffhpeError, match=r"got shape \(4, 4\)"):
        make().detect(np.zeros((4, 4), np.uint8))
