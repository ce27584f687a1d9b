"""Registers the functions, and nothing else."""

import azure.durable_functions as df
import azure.functions as func

from activities import (
    find_render,
    finish_job,
    forget_job,
    look_at_render,
    make_pictures,
    release_slot,
    store_generation,
    submit_render,
    sweeper,
)
from endpoints import (
    environment,
    lanes,
    metrics,
    video_content,
    video_job_ends,
    video_jobs,
    video_quotes,
    video_rescues,
)
from orchestrators import generate_video
from shared import names, telemetry

_MODULES = (
    video_jobs,
    video_job_ends,
    video_rescues,
    video_quotes,
    video_content,
    lanes,
    environment,
    metrics,
    generate_video,
    submit_render,
    find_render,
    look_at_render,
    release_slot,
    store_generation,
    make_pictures,
    finish_job,
    forget_job,
    sweeper,
)


def all_functions() -> df.DFApp:
    """Make an app of every module's functions; its functions can be listed once."""
    made = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
    for module in _MODULES:
        made.register_functions(module.bp)
    return made


def _check_names() -> None:
    """Refuse to start with a name that stories call and nobody registered: the real host would hang without a word."""
    registered = {function.get_function_name() for function in all_functions().get_functions()}
    if missing := (names.ACTIVITIES | names.ORCHESTRATORS) - registered:
        raise RuntimeError(f"called by name but not registered: {', '.join(sorted(missing))}")


telemetry.start()
_check_names()
app = all_functions()
