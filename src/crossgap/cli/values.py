"""How options are read and shown where tyro's own way would be hard to read."""

from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

from crossgap.errors import find

VALUES = ConstructorRegistry()
"""For `tyro.cli`."""


@VALUES.primitive_rule
def _one_of(about: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
    """One of several words: another word is an error that says which one may be meant."""
    if get_origin(about.type) is not Literal:
        return None
    words = {str(word): word for word in get_args(about.type)}

    return PrimitiveConstructorSpec(
        1,
        "{" + ",".join(words) + "}",
        lambda given: find("Value", given[0], words),
        lambda value: value in words.values(),
        lambda value: [str(value)],
    )


@VALUES.primitive_rule
def _if_given(about: PrimitiveTypeInfo) -> PrimitiveConstructorSpec | None:
    """What may be left out is shown as what it is where it is given."""
    kinds = [kind for kind in get_args(about.type) if kind is not NoneType]
    if get_origin(about.type) not in (Union, UnionType) or len(kinds) != 1:
        return None
    given = ConstructorRegistry.get_primitive_spec(PrimitiveTypeInfo.make(kinds[0], about.markers))
    if not isinstance(given, PrimitiveConstructorSpec):
        return None
    return PrimitiveConstructorSpec(
        given.nargs, given.metavar, given.instance_from_str,
        lambda value: value is None or given.is_instance(value),
        lambda value: ["none"] if value is None else given.str_from_instance(value), given.choices,
    )  # fmt: skip


def quick_to_check(told: Any) -> Any:
    """The same function or dataclass, with `X | None` written as `Union[None, X]` in its annotations, and in
    those of the dataclasses that it takes. Whether a default is one of these tyro sees at once; for the
    other way to write it, it imports typeguard, which is a third of the time that help takes."""
    for part in getattr(told, "__mro__", (told,)):
        if "__annotations__" in (vars(part) if isinstance(part, type) else dir(part)):
            hints = part.__annotations__.items()
            part.__annotations__ = {name: _without_pipe(hint) for name, hint in hints}
    return told


def _without_pipe(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        kind, *about = get_args(hint)
        return Annotated[(_without_pipe(kind), *about)]
    if get_origin(hint) is UnionType:
        kinds = sorted(get_args(hint), key=lambda kind: kind is not NoneType)
        return Union[tuple(map(_without_pipe, kinds))]  # noqa: UP007
    return quick_to_check(hint) if is_dataclass(hint) else hint
