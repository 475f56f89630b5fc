import numpy as np
import pytest

from signverse.released.layout import joint_indices, regroup_hands

# Hands in the slots of the published code, from its description: person → (left, right).
MIXED = {
    1: [("L0", "R0")],
    2: [("L0", "L1"), ("R0", "R1")],
    3: [("L0", "L1"), ("L2", "R0"), ("R1", "R2")],
}


@pytest.mark.parametrize("persons", MIXED)
def test_mixed_up_hands_go_back_to_their_persons(persons: int) -> None:
    left, right = (np.array(side) for side in zip(*MIXED[persons], strict=True))
    found = regroup_hands(left, right)
    assert found[0].tolist() == [f"L{p}" for p in range(persons)]
    assert found[1].tolist() == [f"R{p}" for p in range(persons)]


def test_nobody_has_no_hands() -> None:
    left, right = regroup_hands(np.empty((0, 21, 2)), np.empty((0, 21, 2)))
    assert left.shape == right.shape == (0, 21, 2)


def test_joints_are_counted_over_all_persons_of_a_frame() -> None:
    assert joint_indices(2)[0, 0] == 0
    assert joint_indices(2)[1, 17] == 35
