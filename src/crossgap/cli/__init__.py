"""The `crossgap` command: which verbs there are. What one does is imported only when it runs."""

import importlib
import os
import pkgutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import tyro
from tyro.conf import Positional

from crossgap.base.machine import wait_passively_if_crowded
from crossgap.errors import CrossgapError

VERBS = (
    "demo", "collect", "train", "evaluate", "budget", "report", "reproduce", "methods", "looks", "doctor",
)  # fmt: skip
"""Each has a module of its name beside this one, with a function of that name; or, where its first argument
says which others there are, with `ABOUT`, `names()` and `command(name)`."""
LATER = 10.0
"""Seconds that all but the first of several processes wait before they say what is wrong."""


def complain(error: Exception) -> None:
    """Print what is wrong, once: where `torchrun` started several processes, the first one says it and ends,
    upon which the others are ended. They speak if they live on, for then it is theirs alone."""
    if int(os.environ.get("RANK", "0")):
        time.sleep(LATER)
    print(f"crossgap: {error}", file=sys.stderr)


def run(arguments: list[str]) -> None:
    """Run a verb, or say which there are."""
    verb = arguments[0] if arguments else ""
    if verb in VERBS:
        module = importlib.import_module(f"crossgap.cli.{verb}")
        if not hasattr(module, "command"):
            tyro.cli(getattr(module, verb), args=arguments[1:], prog=f"crossgap {verb}")
            return
        chosen, rest = _chosen(module.names(), arguments[1:])
        if chosen:
            tyro.cli(module.command(chosen), args=rest, prog=f"crossgap {verb} {chosen}")
            return
    elif verb in (brought := _brought()):
        tyro.cli(pkgutil.resolve_name(brought[verb]), args=arguments[1:], prog=f"crossgap {verb}")
        return
    _overview(arguments)


def _chosen(names: Mapping[str, str], arguments: list[str]) -> tuple[str, list[str]]:
    """The argument that says which others there are, the first or any such name, and those others."""
    if arguments and not arguments[0].startswith("-"):
        return arguments[0], arguments[1:]
    at = next((index for index, word in enumerate(arguments) if word in names), None)
    return ("", arguments) if at is None else (arguments[at], arguments[:at] + arguments[at + 1 :])


def _brought() -> dict[str, str]:
    """The verbs that experiments bring: each one's `module:function`."""
    from crossgap.experiments.engine.experiment import EXPERIMENTS

    return {verb: place for entry in EXPERIMENTS.values() for verb, place in entry.verbs.items()}


def _overview(arguments: list[str]) -> None:
    """Help on all verbs, or on one whose choice is missing; or what is wrong with the arguments."""
    verbs = {verb: _shown(verb, arguments[:1] == [verb]) for verb in VERBS}
    verbs |= {verb: pkgutil.resolve_name(place) for verb, place in _brought().items()}
    tyro.extras.subcommand_cli_from_dict(
        verbs, args=arguments, prog="crossgap", description="Cross the reality gap, and prove it.",
        sort_subcommands=False,
    )  # fmt: skip


def _shown(verb: str, whole: bool) -> Callable[..., Any]:
    """A verb as help shows it; its own also says what it can be followed by."""
    module = importlib.import_module(f"crossgap.cli.{verb}")
    if not hasattr(module, "command"):
        return getattr(module, verb)

    def choose(name: Positional[str]) -> None:
        module.command(name)

    listed = [f"- {name}: {about}" for name, about in module.names().items()] if whole else []
    told = "Args:\n    name: which; NAME --help lists its options."
    choose.__doc__ = "\n".join([module.ABOUT, "", *listed, "", told])
    return choose


def main() -> None:
    """Run a verb; bad input ends with a message and exit code 2."""
    if sys.argv[1:] == ["--version"]:
        from importlib import metadata

        print(f"crossgap {metadata.version('crossgap')}")
        return
    wait_passively_if_crowded()
    try:
        run(sys.argv[1:])
    except CrossgapError as error:
        complain(error)
        sys.exit(2)
    except BrokenPipeError:  # such as `| head`
        sys.stdout = None
        sys.exit(1)
    except OSError as error:
        complain(error)
        sys.exit(2)
    except KeyboardInterrupt:
        print("crossgap: interrupted; the same command goes on where it was.", file=sys.stderr)
        sys.exit(130)
