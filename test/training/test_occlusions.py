"""The paper's occlusion patterns, and a source with occluded joints."""

import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.pipeline.views import ScreenView
from diffhpe_ros.training.datasets.batches import WindowSource
from diffhpe_ros.training.synthesis.occlusions import Occluded, occlude, occlusion

FRAMES, WINDOWS = 27, 3000
BODY_PARTS = {"leg-and-arm": [1, 2, 3, 11, 12, 13], "leg": [1, 2, 3], "frames": list(range(17))}


def draw(name: str, released: bool = False) -> torch.Tensor:
    return occlusion(name, released).draw(WINDOWS, FRAMES, torch.Generator().manual_seed(0))


def in_frames(occluded: torch.Tensor, name: str) -> torch.Tensor:
    """(B, L), whether the pattern's joints are occluded; all of them, and no others."""
    of_part = occluded[:, :, BODY_PARTS[name]]
    assert (of_part.all(-1) == of_part.any(-1)).all()
    assert of_part.sum() == occluded.sum()
    return of_part.all(-1)


def starts(in_frame: torch.Tensor) -> torch.Tensor:
    """First frames (B,) of the blocks; each window has one."""
    begins = in_frame[:, 1:] & ~in_frame[:, :-1]
    assert (begins.sum(1) + in_frame[:, 0] == 1).all()
    return in_frame.int().argmax(1)


def test_none_occludes_nothing():
    assert draw("none").shape == (WINDOWS, FRAMES, 17)
    assert not draw("none").any()


def test_random_joints_are_a_fifth_of_all():
    share = draw("random").float().mean((0, 1))
    torch.testing.assert_close(share, torch.full((17,), 0.2), atol=0.01, rtol=0)


def test_left_arm_and_right_leg_miss_in_ten_frames_anywhere():
    in_frame = in_frames(draw("leg-and-arm"), "leg-and-arm")
    assert (in_frame.sum(1) == 10).all()
    share = in_frame.float().mean(0)
    torch.testing.assert_close(share, torch.full((27,), 10 / 27), atol=0.04, rtol=0)


@pytest.mark.parametrize(("name", "length"), [("leg", 10), ("frames", 5)])
@pytest.mark.parametrize("released", [True, False])
def test_blocks_are_in_a_row_and_start_everywhere(name, length, released):
    in_frame = in_frames(draw(name, released), name)
    assert (in_frame.sum(1) == length).all()
    last_start = FRAMES - length - (1 if released else 0)
    assert starts(in_frame).unique().tolist() == list(range(last_start + 1))
    # The last frame, the one that live use shows, is never occluded by the released code.
    assert in_frame[:, -1].any() != released


def test_all_is_one_of_five_for_each_window():
    occluded = draw("all").float()
    arm = occluded[:, :, 12].mean(1)
    leg = occluded[:, :, 2].mean(1)
    head = occluded[:, :, 10].mean(1)
    counts = {
        "none": (occluded.sum((1, 2)) == 0).sum(),
        "leg-and-arm": ((arm == leg) & (arm > 0) & (head == 0)).sum(),
        "leg": ((arm == 0) & (leg > 0) & (head == 0) & (occluded.sum((1, 2)) == 30)).sum(),
        "frames": (occluded.sum((1, 2)) == 5 * 17).sum(),
    }
    for name, count in counts.items():
        assert count / WINDOWS == pytest.approx(0.2, abs=0.03), name


def test_occluded_joints_are_at_zero_and_others_as_they_were():
    x_2d = torch.rand(8, FRAMES, 17, 2) + 0.1
    result = occlude(x_2d, occlusion("leg", False), torch.Generator().manual_seed(1))
    zero = (result == 0).all(-1)
    assert zero.sum() == 8 * 10 * 3
    assert (result[~zero] == x_2d[~zero]).all()


def test_short_windows_have_room_for_a_block():
    assert occlusion("leg", True).draw(4, 1, torch.Generator()).shape == (4, 1, 17)


def test_unknown_names_are_told_what_there_is():
    with pytest.raises(DiffhpeError, match="'arm'; expected one of none, random, leg-and-arm, leg"):
        occlusion("arm", False)


class Ones:
    batches_per_epoch = 7

    def batch(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.ones(16, FRAMES, 17, 2), torch.ones(16, FRAMES, 17, 3)


def test_occluded_source_depends_on_seed_and_number_alone():
    source: WindowSource = Occluded(Ones(), occlusion("all", False), seed=3, view=ScreenView())
    assert source.batches_per_epoch == 7
    x_2d, poses = source.batch(5)
    assert 0 < (x_2d == 0).float().mean() < 0.5 and (poses == 1).all()
    again = Occluded(Ones(), occlusion("all", False), seed=3, view=ScreenView())
    again.batch(0)
    assert torch.equal(again.batch(5)[0], x_2d)
    assert not torch.equal(again.batch(6)[0], x_2d)
    assert not torch.equal(
        Occluded(Ones(), occlusion("all", False), seed=4, view=ScreenView()).batch(5)[0], x_2d
    )
