"""The `shike` command: a table of commands, each of which lives in a module of its own."""

import json
from pathlib import Path
from typing import Annotated

import typer

from shike.api import process_commands
from shike.api.account_commands import account
from shike.api.demo import camera_sim, demo
from shike.api.ingest_command import ingest_file
from shike.api.main import create_app
from shike.api.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)
app.add_typer(account, name="account")


for command in (process_commands.up, process_commands.capture, process_commands.keep, process_commands.count):
    app.command()(command)
app.command()(process_commands.api)
app.command("ingest")(ingest_file)
app.command("demo")(demo)
app.command("camera-sim", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(camera_sim)


@app.command("openapi")
def openapi(output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None) -> None:
    """Print the API's OpenAPI schema; the browser app's client is generated from it."""
    text = json.dumps(create_app(Settings.model_construct()).openapi(), ensure_ascii=False, indent=2)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n")


def main() -> None:
    """Entry point of the wheel."""
    app()


if __name__ == "__main__":
    main()
