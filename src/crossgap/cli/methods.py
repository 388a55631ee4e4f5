"""`crossgap methods`."""

from crossgap.methods.registry import EXTRA, METHODS, OPTIONS, SHORTHANDS, Method, said

KINDS = (
    "nothing of the target", "images of the target", "labelled images of the target",
    "in `demo` and `reproduce` alone",
)  # fmt: skip
"""What methods need of the target."""


def methods() -> None:
    """List the methods: what each is, what it needs, and how switches say it."""
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(Column(no_wrap=True), Column(overflow="fold"), box=None, pad_edge=False, show_header=False)
    for kind in KINDS:
        table.add_row(f"[bold]{kind}[/bold]")
        for name, about in METHODS.items():
            if _kind(about) == kind:
                verb = "may have" if about.needs == "unlabelled" else "needs"  # the target images do, too
                also = f"; {verb} {OPTIONS[about.needs]}" if about.needs in OPTIONS else ""
                also += f"\n[dim]= {words}[/dim]" if (words := said(about)) != name else ""
                table.add_row(f"  {name}", about.about.replace("**", "") + also)
    table.add_row("[bold]other names[/bold]")
    for name, method in SHORTHANDS.items():
        table.add_row(f"  {name}", method)
    for option in dict.fromkeys(OPTIONS.values()):
        table.add_row(option, ", or ".join(EXTRA[key] for key in OPTIONS if OPTIONS[key] == option))
    Console().print(table)


def _kind(about: Method) -> str:
    """What a method needs of the target, one of `KINDS`."""
    nothing, images, labelled, built_in = KINDS
    if about.needs and about.needs not in OPTIONS:
        return built_in
    return nothing if about.source_side else labelled if about.target_labels else images
