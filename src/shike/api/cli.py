"""The `shike` command: a table of commands, each of which lives in a module of its own."""

import json
from pathlib import Path
from typing import Annotated

import typer

from shike.api.account_commands import account
from shike.api.main import create_app
from shike.api.serve import serve
from shike.api.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)
app.add_typer(account, name="account")


@app.command("api")
def api() -> None:
    """Serve HTTP, the browser app, live view and playback."""
    serve(load_settings(), typer.echo)


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
