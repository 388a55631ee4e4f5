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
from crossgap.cli.values import VALUES, quick_to_check
from crossgap.errors import CrossgapError, check_known

VERBS = {
    "demo": "verbs", "adapt": "adapt", "collect": "verbs", "train": "train", "evaluate": "verbs",
    "budget": "train", "translate": "translate", "sample": "sample", "stylize": "looking", "dream": "looking",
    "goggles": "goggles", "explain": "looking", "data": "data", "convert": "convert", "export": "export",
    "report": "verbs", "reproduce": "reproduce", "methods": "verbs", "looks": "verbs", "doctor": "verbs",
}  # fmt: skip
"""In which module beside this one each is: a function of its name; or, where its first argument says which
others there are, `ABOUT`, `names()` and `command(name)`."""
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
    from crossgap.cli.settings import as_now

    arguments = _trusting(arguments)
    verb, *rest = [as_now(word) for word in arguments] or [""]
    verbs = {*VERBS, *_brought()} if verb not in VERBS else VERBS
    check_known("Verb", () if not verb or verb.startswith("-") else (verb,), verbs)
    if verb not in verbs:
        _overview(arguments)
    elif callable(found := _found(verb)):
        tyro.cli(quick_to_check(found), args=rest, prog=f"crossgap {verb}", registry=VALUES)
    else:
        chosen, rest = _chosen(found.names(), rest)
        if chosen:
            told = quick_to_check(found.command(chosen))
            tyro.cli(told, args=rest, prog=f"crossgap {verb} {chosen}", registry=VALUES)
        else:
            _overview(arguments)


def _trusting(arguments: list[str]) -> list[str]:
    """The arguments without `--trust package.module:factory` before the verb: a network of the user's that
    files may name, found in this folder, too."""
    while arguments[:1] == ["--trust"]:
        if len(arguments) < 2:
            raise CrossgapError("Expected --trust package.module:factory, and a verb.")
        from crossgap.networks.factory import here_on_path, trust

        trust(arguments[1])
        here_on_path()
        arguments = arguments[2:]
    return arguments


def _found(verb: str) -> Any:
    """A verb's function, or the module of one with a choice."""
    if verb not in VERBS:
        return pkgutil.resolve_name(_brought()[verb])
    module = importlib.import_module(f"crossgap.cli.{VERBS[verb]}")
    return getattr(module, verb, module)


def _chosen(names: Mapping[str, str], arguments: list[str]) -> tuple[str, list[str]]:
    """The argument that says which others there are, and those others: the first; else the first such name
    that is no option's value; else any such name, or what stands where one should."""
    free = [
        at for at, (before, word) in enumerate(zip(["", *arguments], arguments, strict=False))
        if not word.startswith("-") and (not before.startswith("--") or "=" in before)
    ]  # fmt: skip
    known = [at for at, word in enumerate(arguments) if word in names]
    found = [at for at in free if at == 0 or at in known] + known + free[::-1]
    if not found:
        return "", arguments
    return arguments[found[0]], arguments[: found[0]] + arguments[found[0] + 1 :]


def _brought() -> dict[str, str]:
    """The verbs that experiments bring: each one's `module:function`."""
    from crossgap.experiments.engine.experiment import EXPERIMENTS

    return {verb: place for entry in EXPERIMENTS.values() for verb, place in entry.verbs.items()}


def _overview(arguments: list[str]) -> None:
    """Help on all verbs, or on one whose choice is missing; or what is wrong with the arguments."""
    verbs = {verb: _shown(verb, arguments[:1] == [verb]) for verb in (*VERBS, *_brought())}
    tyro.extras.subcommand_cli_from_dict(
        verbs, args=arguments, prog="crossgap", description="Cross the reality gap, and prove it.",
        sort_subcommands=False, registry=VALUES,
    )  # fmt: skip


def _shown(verb: str, whole: bool) -> Callable[..., Any]:
    """A verb as help shows it; its own also says what it can be followed by."""
    module = _found(verb)
    if callable(module):
        return module

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
