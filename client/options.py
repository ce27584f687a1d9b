"""What several commands of `lab` take: one wording for one thing."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print the JSON document instead of lines.")]
OutOption = Annotated[str, typer.Option(help="Directory or file name to save to.")]
WatchOption = Annotated[bool, typer.Option(help="Wait for the video and save it, or only ask for it.")]
KeyOption = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="The same key and request give the same job, never a second one."),
]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="A job's id, job_…", show_default=False)]
AssetsOption = Annotated[bool, typer.Option("--assets", help="Delete the videos too.")]
