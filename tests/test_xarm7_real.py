"""The loop for a real xArm7, on a fake of its SDK's interface: it reaches, keeps its limits, and stops."""

from __future__ import annotations

import inspect
import re
import sys
import time
import types
from dataclasses import replace

import numpy as np
import pytest

import xarm7_loop
import xarm7_real
from crossgap.errors import CrossgapError
from crossgap.simulation.xarm7.kinematics import HOME, LIMIT_HIGH, Kinematics
from crossgap.simulation.xarm7.reach import WORKSPACE_HIGH, WORKSPACE_LOW
from crossgap.simulation.xarm7.velocity import MARGIN, Limits, joint_velocities
from xarm7_fake import Clock, FakeXArmAPI, go_straight, simulated_camera

GOAL = np.array([0.45, -0.15, 0.15])
START = np.array([0.35, 0.10, 0.25])
LIMITS = Limits()
kinematics = Kinematics()


class Scripted:
    """A policy that is a function of the number of the call."""

    def __init__(self, action):
        self.action, self.calls = action, 0

    def act(self, frames: np.ndarray, goals: np.ndarray) -> np.ndarray:
        assert frames.shape == (1, 84, 84, 3)
        assert goals.shape == (1, 3)
        self.calls += 1
        return np.atleast_2d(self.action(self.calls))


def new_arm(tool=START) -> FakeXArmAPI:
    return FakeXArmAPI(Clock(), kinematics.inverse(HOME, np.asarray(tool), 50))


def seen(arm: FakeXArmAPI):
    return np.zeros((84, 84, 3), np.uint8), arm.clock.monotonic()


def play(arm: FakeXArmAPI, policy, camera=None, steps=100, goal=GOAL, **kwargs):
    outcome = xarm7_loop.run(
        arm, camera or (lambda: seen(arm)), policy, goal, steps, clock=arm.clock, **kwargs
    )
    arm.clock.sleep(1.0)
    arm.advance()
    return outcome


def tools(arm: FakeXArmAPI) -> np.ndarray:
    return np.array([kinematics.tool(q)[0] for _, q in arm.history])


def check_limits(arm: FakeXArmAPI, limits: Limits = LIMITS) -> None:
    """Nothing left the workspace, and nothing was faster than allowed."""
    where, times = tools(arm), np.array([t for t, _ in arm.history])
    assert (where >= WORKSPACE_LOW).all()
    assert (where <= WORKSPACE_HIGH).all()
    elapsed = np.diff(times)[:, None]
    joints = np.abs(np.diff([q for _, q in arm.history], axis=0) / elapsed)
    assert joints.max() <= limits.joint_speed + 1e-6
    assert np.linalg.norm(np.diff(where, axis=0) / elapsed, axis=1).max() <= 1.05 * limits.tool_speed


def check_at_rest(arm: FakeXArmAPI, before: float = 1.0) -> None:
    """It has been told to stop, and has not moved in the last second."""
    assert arm._state == xarm7_loop.STOP
    late = [q for t, q in arm.history if t > arm.clock.monotonic() - before + LIMITS.duration]
    np.testing.assert_array_equal(np.ptp(late, axis=0), 0)


# reaching


@pytest.mark.parametrize("goal", [GOAL, WORKSPACE_LOW, WORKSPACE_HIGH])
def test_it_reaches_and_keeps_every_limit(goal) -> None:
    arm = new_arm()
    outcome = play(arm, go_straight(arm), goal=goal, steps=150)
    assert (outcome.reason, outcome.steps) == ("time is up", 150)
    corner = MARGIN * np.sqrt(3) if goal is not GOAL else 0.0
    np.testing.assert_allclose(outcome.distance, corner, atol=1e-3)
    assert set(arm.durations) == {LIMITS.duration, 0.1}  # and the last one, of zero velocities
    check_limits(arm)
    check_at_rest(arm)


def test_the_policy_sees_the_camera_s_images() -> None:
    arm = new_arm()
    shown = []

    class Watching(Scripted):
        def act(self, frames, goals):
            shown.append(frames[0])
            return go_straight(arm).act(frames, goals)

    outcome = play(arm, Watching(None), simulated_camera(arm), steps=60)
    assert outcome.distance is not None
    assert outcome.distance < 0.01
    assert np.abs(shown[0].astype(int) - shown[-1]).max() > 100


def test_wild_actions_stay_in_the_workspace_and_below_the_speeds() -> None:
    rng = np.random.default_rng(0)
    limits = replace(LIMITS, tool_speed=0.25, joint_speed=1.0)
    arm = new_arm()
    pushes = Scripted(lambda n: 50 * np.sin(n // 12 + np.arange(3)) + rng.normal(0, 5, 3))
    assert play(arm, pushes, steps=300, limits=limits).reason == "time is up"
    check_limits(arm, limits)
    where = tools(arm)
    assert (np.ptp(where, axis=0) > 0.15).all()  # it went about


@pytest.mark.parametrize("joint_speed", [0.02, 0.5])
def test_velocities_bring_the_tool_where_the_action_says_when_the_command_ends(joint_speed) -> None:
    q, limits = kinematics.inverse(HOME, START, 50), replace(LIMITS, joint_speed=joint_speed)
    start, action = kinematics.tool(q)[0], np.array([1.0, 0.0, 0.0])  # 5 cm, of which 0.15 s × 0.1 m/s
    velocity = joint_velocities(kinematics, q, action, limits)
    moved = kinematics.tool(q + limits.duration * velocity)[0] - start
    if joint_speed == 0.5:
        np.testing.assert_allclose(moved, [0.015, 0, 0], atol=3e-4)
        slow = kinematics.tool(q + limits.duration * joint_velocities(kinematics, q, 0.1 * action, limits))[0]
        np.testing.assert_allclose(slow - start, [0.005, 0, 0], atol=3e-4)
    else:
        assert np.abs(velocity).max() == pytest.approx(0.02)
        assert moved[0] < 0.005


# stopping


def pushing_down_until(call: int, then) -> Scripted:
    return Scripted(lambda number: then() if number == call else (0.0, 0.0, -1.0))


def also(change):
    """The usual push, after a change to the arm."""
    change()
    return 0.0, 0.0, -1.0


def ctrl_c():
    raise KeyboardInterrupt


FAULTS = {
    "nan": (lambda arm: [np.nan, 0, 0], r"policy's action is \[nan"),
    "shape": (lambda arm: [0, 0], "policy's action is"),
    "error": (lambda arm: also(lambda: setattr(arm, "error", 31)), "reports error 31"),
    "stopped": (lambda arm: also(lambda: arm.set_state(4)), "code 9"),
    "other mode": (lambda arm: also(lambda: arm.set_mode(0)), "in mode 0, not 4"),
    "lost": (lambda arm: also(arm.disconnect), "code -1"),
    "slow": (lambda arm: also(lambda: arm.clock.sleep(0.5)), r"image is 0\.50 s old"),
    "interrupt": (lambda arm: ctrl_c(), "interrupted"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_stops_it_at_once(name) -> None:
    fault, words = FAULTS[name]
    arm = new_arm()
    outcome = play(arm, pushing_down_until(5, lambda: fault(arm)))
    assert re.search(words, outcome.reason)
    assert outcome.steps == 4
    check_limits(arm)
    rest = [q for t, q in arm.history if t > xarm7_loop.SETTLE + 0.4 + LIMITS.duration]
    np.testing.assert_array_equal(np.ptp(rest, axis=0), 0)
    assert name == "lost" or arm._state == xarm7_loop.STOP


def missing(arm):
    return None if arm.clock.now > 1.35 else seen(arm)


def frozen(arm):
    return seen(arm)[0], min(arm.clock.now, 1.05)


def small(arm):
    return seen(arm)[0][:48], arm.clock.now


def from_the_future(arm):
    return seen(arm)[0], arm.clock.now + 1


@pytest.mark.parametrize(
    ("camera", "steps", "words"),
    [
        (missing, 4, "gives no image"),
        (frozen, 4, r"image is 0\.35 s old"),
        (small, 0, r"image is \(48, 84, 3\) uint8"),
        (from_the_future, 0, "s old"),
    ],
)
def test_without_a_fresh_image_it_stops(camera, steps, words) -> None:
    arm = new_arm()
    outcome = play(arm, Scripted(lambda _: (0, 0, -1)), lambda: camera(arm))
    assert re.search(words, outcome.reason)
    assert outcome.steps == steps
    check_at_rest(arm)
    assert arm.enabled == (steps > 0)  # it was not even made ready


def test_a_policy_that_breaks_leaves_the_arm_at_rest() -> None:
    arm = new_arm()
    with pytest.raises(ZeroDivisionError):
        play(arm, pushing_down_until(3, lambda: 1 / 0))
    arm.clock.sleep(1.0)
    arm.advance()
    check_at_rest(arm)


def test_a_command_ends_by_itself_when_nothing_follows() -> None:
    arm = new_arm()
    for order in (arm.motion_enable(True), arm.set_mode(4), arm.set_state(0)):
        assert order == 0
    start = arm.q
    q = joint_velocities(kinematics, start, np.array([1.0, 1.0, 0.0]), LIMITS)
    arm.vc_set_joint_velocity(q.tolist(), is_radian=True, duration=LIMITS.duration)
    arm.clock.sleep(10.0)
    arm.advance()
    np.testing.assert_allclose(arm.q, start + LIMITS.duration * q)
    arm.version_number = (1, 7, 0)  # which is why such an arm is refused
    arm.vc_set_joint_velocity(q.tolist(), is_radian=True, duration=LIMITS.duration)
    arm.clock.sleep(10.0)
    arm.advance()
    assert np.abs(arm.q - start).max() > 2 * LIMITS.duration * np.abs(q).max()


def test_each_order_to_stop_is_given_even_if_the_other_fails(capsys) -> None:
    given = []
    arm = types.SimpleNamespace(
        vc_set_joint_velocity=lambda *_, **__: 1 / 0, set_state=lambda state: given.append(state)
    )
    xarm7_loop.halt(arm)
    assert given == [xarm7_loop.STOP]
    assert "ends by itself" in capsys.readouterr().err


# not starting

TILTED = kinematics.inverse(HOME, START, 50) + 0.3 * np.eye(7)[5]
HIGH = kinematics.inverse(HOME, np.array([0.40, 0.0, 0.42]), 50)
BEYOND = np.where(np.arange(7) == 3, LIMIT_HIGH + 0.1, HOME)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"q": HIGH}, r"at \(0\.400, -?0\.000, 0\.420\) m, outside"),
        ({"q": TILTED}, "points 17° away from straight down"),
        ({"q": BEYOND}, r"Joint 4 is at 4\.027 rad, beyond its limit"),
        ({"q": np.full(7, np.nan)}, "seven finite angles"),
        ({"version_number": (1, 7, 9)}, r"Firmware 1\.7\.9 does not end .* Expected 1\.8\.0"),
        ({"axis": 6}, "has 6 axes"),
        ({"error": 2}, "reports error 2"),
        ({"set_mode": lambda mode: 0}, "in mode 0, not 4"),
        ({"motion_enable": lambda enable: 3}, "answered with code 3"),
    ],
)  # fmt: skip
def test_what_keeps_it_from_starting(changes, words) -> None:
    arm = new_arm()
    for name, value in changes.items():
        setattr(arm, name, value)
    before = arm.q.copy()
    outcome = play(arm, go_straight(arm))
    assert re.search(words, outcome.reason)
    assert outcome.steps == 0
    np.testing.assert_array_equal(arm.q, before)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"cameras": ["front"]}, r"cameras is \['front'\]\. This loop shows it \['side'\]"),
        ({"cameras": ("side", "front")}, r"cameras is \['side', 'front'\]"),
        ({"depth": True}, "depth is True"),
        ({"size": 64}, "size is 64. This loop shows it 84"),
    ],
)
def test_a_policy_that_saw_something_else_does_not_touch_the_arm(about, words) -> None:
    arm, policy = new_arm(), Scripted(lambda call: np.zeros(3))
    policy.about = {"cameras": ("side",), "depth": False, "size": xarm7_loop.SIZE} | about
    with pytest.raises(CrossgapError, match=words):
        xarm7_loop.run(arm, lambda: seen(arm), policy, np.array(GOAL))
    assert not arm.enabled
    assert policy.calls == 0


def test_a_goal_outside_the_workspace() -> None:
    arm = new_arm()
    with pytest.raises(CrossgapError, match="outside the workspace"):
        play(arm, go_straight(arm), goal=np.array([0.9, 0, 0.2]))
    assert not arm.enabled


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"duration": 0.1}, "Expected more than the period"),
        ({"duration": 1.0}, "at most three of them"),
        ({"tool_speed": 0.0}, r"tool_speed = 0\.0\. Expected a number above 0"),
        ({"joint_speed": float("nan")}, "joint_speed = nan"),
        ({"joint_speed": 5.0}, "own limit is π"),
    ],
)
def test_limits_that_make_no_sense(values, words) -> None:
    with pytest.raises(CrossgapError, match=words):
        replace(LIMITS, **values)


# the command line, the SDK's interface, and the camera


def test_the_dry_run_reaches(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        xarm7_real.main(xarm7_real.Options(dry_run=True, steps=60))
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "Ended after 60 commands: time is up." in said
    assert float(re.search(r"is ([\d.]+) cm from the goal", said)[1]) < 1.0  # type: ignore[index]


def test_a_policy_by_name(tmp_path, monkeypatch) -> None:
    (tmp_path / "still_policy.py").write_text(
        "class Still:\n    def act(self, frames, goals):\n        return 0 * goals\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    options = xarm7_real.Options(policy="still_policy:Still", dry_run=True, steps=3)
    with pytest.raises(SystemExit):
        xarm7_real.main(options)
    for name in ("still_policy:Moving", "no_such_policy:load", "still_policy"):
        with pytest.raises(CrossgapError, match=f"Policy '{name}'.*Expected module:function"):
            xarm7_real.main(replace(options, policy=name))
    with pytest.raises(CrossgapError, match="Expected --ip and --policy, or --dry-run"):
        xarm7_real.main(xarm7_real.Options(ip="192.0.2.1"))


def test_the_way_to_a_real_arm(monkeypatch, tmp_path, capsys) -> None:
    (tmp_path / "pushing_policy.py").write_text(
        "class Push:\n    def act(self, frames, goals):\n        return 0 * goals - 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "cv2", types.SimpleNamespace(VideoCapture=FakeCapture))
    monkeypatch.delitem(sys.modules, "xarm7_camera", raising=False)
    monkeypatch.setattr(FakeCapture, "images", 10**6)
    monkeypatch.setattr("builtins.input", lambda question: "")
    arm = FakeXArmAPI(time, kinematics.inverse(HOME, START, 50))  # in real time
    asked = {}

    def connect(ip: str, is_radian: bool) -> FakeXArmAPI:
        asked.update(ip=ip, is_radian=is_radian)
        if ip == "192.0.2.2":
            raise Exception("connect socket failed")
        return arm

    monkeypatch.setitem(sys.modules, "xarm", types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "xarm.wrapper", types.SimpleNamespace(XArmAPI=connect))
    options = xarm7_real.Options(policy="pushing_policy:Push", ip="192.0.2.1", steps=3)
    with pytest.raises(SystemExit) as ended:
        xarm7_real.main(options)
    assert (ended.value.code, asked) == (0, {"ip": "192.0.2.1", "is_radian": True})
    assert "Ended after 3 commands: time is up." in capsys.readouterr().out
    assert not arm.connected
    assert tools(arm)[-1][2] < START[2] - 0.005
    check_limits(arm)
    with pytest.raises(CrossgapError, match=r"Could not connect to 192\.0\.2\.2: connect socket failed"):
        xarm7_real.main(replace(options, ip="192.0.2.2"))
    monkeypatch.setitem(sys.modules, "xarm.wrapper", None)
    with pytest.raises(CrossgapError, match=r"pip install '\.\[xarm\]'"):
        xarm7_real.main(options)


def test_the_fake_has_the_sdk_s_interface() -> None:
    real = pytest.importorskip("xarm.wrapper").XArmAPI
    for name, method in vars(FakeXArmAPI).items():
        if inspect.isfunction(method) and not name.startswith("_") and name != "advance":
            theirs, ours = (inspect.signature(getattr(owner, name)) for owner in (real, FakeXArmAPI))
            defaults = [[(p.name, p.kind, p.default) for p in s.parameters.values()] for s in (theirs, ours)]
            assert defaults[0] == defaults[1], name
    for name in ("axis", "version_number", "mode", "connected"):
        assert isinstance(getattr(real, name), property)


class FakeCapture:
    """OpenCV's VideoCapture: a landscape image, blue on the left, green in the middle; then failures."""

    images = 3

    def __init__(self, device: int):
        self.device, self.read_images = device, 0

    def isOpened(self) -> bool:
        return self.device == 0

    def read(self):
        time.sleep(0.002)
        self.read_images += 1
        image = np.zeros((120, 200, 3), np.uint8)
        image[:, :40], image[:, 40:160, 1] = (255, 0, 0), 200  # blue, green, red
        return (True, image) if self.read_images <= self.images else (False, None)

    def release(self) -> None:
        pass


def test_the_camera_s_latest_image_is_square_and_grows_old(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", types.SimpleNamespace(VideoCapture=FakeCapture))
    monkeypatch.delitem(sys.modules, "xarm7_camera", raising=False)
    import xarm7_camera

    before = time.monotonic()
    camera = xarm7_camera.LatestFrame(0, 84)
    frame, taken = camera()
    assert frame.shape == (84, 84, 3)
    assert (frame == [0, 200, 0]).all()  # the middle square
    while camera._capture.read_images < 6:
        time.sleep(0.002)
    camera.close()
    assert before <= camera()[1] < time.monotonic()
    assert camera()[1] >= taken
    with pytest.raises(CrossgapError, match="no camera number 3"):
        xarm7_camera.LatestFrame(3, 84)
    monkeypatch.setattr(FakeCapture, "images", 0)
    monkeypatch.setattr(xarm7_camera, "PATIENCE", 0.05)
    with pytest.raises(CrossgapError, match="gave no image"):
        xarm7_camera.LatestFrame(0, 84)
    image = np.zeros((4, 2, 3), np.uint8)
    image[1:3] = 7  # the middle square of a portrait
    np.testing.assert_array_equal(xarm7_camera.squared(image, 1), [[[7, 7, 7]]])
