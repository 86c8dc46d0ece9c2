"""`shike openapi`: the schema from which the browser app's client is generated.

OpenAPI describes no WebSockets. Their messages are added to the components, so that clients can have types for them.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from shike.api.live.messages import component_schemas
from shike.api.main import create_app
from shike.api.settings import Settings


def openapi(output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None) -> None:
    """Print the API's OpenAPI schema."""
    text = json.dumps(document(), ensure_ascii=False, indent=2)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n")


def document() -> dict[str, Any]:
    """The OpenAPI document of the whole API, with the messages of the WebSockets (EventMessage, LiveMessage)."""
    schema = create_app(Settings.model_construct()).openapi()
    components = schema["components"]["schemas"]
    for name, message in component_schemas("#/components/schemas/{model}").items():
        assert components.setdefault(name, message) == message, f"two schemas are named {name}"
    return schema
