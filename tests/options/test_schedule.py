"""Values between keyframes."""

import pytest

from vidnst.errors import UsageError
from vidnst.options.schedule import Curve, crossfade, parse_curve


def test_a_curve_meets_its_keyframes_and_stays_at_its_ends() -> None:
    curve = parse_curve("--strength", "0@1s,1@0:03,0.5@5", low=0, high=1)
    assert isinstance(curve, Curve)
    assert [curve.at(t) for t in (0, 1, 2, 3, 4, 5, 9)] == [0, 0, 0.5, 1, 0.75, 0.5, 0.5]


def test_ease_starts_and_ends_slowly() -> None:
    curve = Curve(((0.0, 0.0), (1.0, 1.0)), "ease")
    assert curve.at(0.5) == 0.5
    assert curve.at(0.1) < 0.05
    assert curve.at(0.9) > 0.95


def test_a_plain_number_is_no_curve() -> None:
    assert parse_curve("--strength", "0.7", low=0, high=1) == 0.7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("much", "must be a number"),
        ("0@0s,2@1s", "must lie in 0..1"),
        ("0@2s,1@1s", "must come after"),
        ("0@0s,1", "needs its time"),
        ("0@soon", "is no time"),
    ],
)
def test_wrong_curves_are_told(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_curve("--strength", text, low=0, high=1)


@pytest.mark.parametrize("easing", ["linear", "ease"])
def test_a_crossfade_sums_to_one(easing: str) -> None:
    for seconds in (0, 0.3, 1, 1.7, 2, 3.9, 4, 8):
        shares = crossfade([0, 2, 4], seconds, easing)  # type: ignore[arg-type]
        assert sum(shares) == pytest.approx(1)
    assert crossfade([0, 2, 4], 2, easing) == [0, 1, 0]  # type: ignore[arg-type]
    assert crossfade([0, 2, 4], 3, easing) == [0, 0.5, 0.5]  # type: ignore[arg-type]
