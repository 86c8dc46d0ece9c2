"""`shike openapi`: the schema from which the browser app's client is generated."""

import json
from pathlib import Path
from typing import Annotated

import typer

from shike.api.main import create_app
from shike.api.settings import Settings


def openapi(output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None) -> None:
    """Print the API's OpenAPI schema."""
    text = json.dumps(create_app(Settings.model_construct()).openapi(), ensure_ascii=False, indent=2)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n")
