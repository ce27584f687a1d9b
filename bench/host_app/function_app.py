"""Registers the stories and their one activity."""

import azure.durable_functions as df

from bench.host_app import stories

app = df.DFApp()
for story in (stories.chain, stories.sleeper):
    app.orchestration_trigger(context_name="context")(story)


@app.activity_trigger(input_name="number")
def add_one(number: int) -> int:
    """Add one."""
    return number + 1
