"""The `shike` command: a table of commands. A command's module is imported only when the command is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

# Name → module and function, or the Typer of a group of commands.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("shike.api.commands.processes", "up"),
    "demo": ("shike.api.demo.command", "demo"),
    "capture": ("shike.api.commands.processes", "capture"),
    "keep": ("shike.api.commands.processes", "keep"),
    "count": ("shike.api.commands.processes", "count"),
    "api": ("shike.api.commands.processes", "api"),
    "ingest": ("shike.api.commands.ingest", "ingest_file"),
    "footage": ("shike.api.commands.footage", "footage"),
    "verify": ("shike.api.commands.verify", "verify_footage"),
    "keys": ("shike.api.commands.keys", "keys"),
    "account": ("shike.api.commands.account", "account"),
    "camera-sim": ("shike.api.commands.camera_sim", "camera_sim"),
    "openapi": ("shike.api.commands.openapi", "openapi"),
}


class CommandTable(TyperGroup):
    """The commands of the table; loads only the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        target = getattr(import_module(module), name)
        if isinstance(target, typer.Typer):
            group = get_command(target)
            group.name = cmd_name
            return group
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        # The simulated camera parses its options itself.
        passed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
        single.command(cmd_name, context_settings=passed_on if cmd_name == "camera-sim" else None)(target)
        return get_command(single)


app = typer.Typer(cls=CommandTable, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def shike() -> None:
    """Shike (实课): records training classrooms, counts who is there, and lets it be watched and proven."""


def main() -> None:
    """Entry point of the `shike` script."""
    app()


if __name__ == "__main__":
    main()
