"""Timer functions."""

import json

import azure.durable_functions as df
import azure.functions as func

from blueprints.steps import note

bp = df.Blueprint()


def _told(timer: func.TimerRequest) -> str:
    return json.dumps({"past_due": timer.past_due, "status": timer.schedule_status, "schedule": timer.schedule})


@bp.timer_trigger(arg_name="timer", schedule="*/1 * * * * *")
def every_second(timer: func.TimerRequest) -> None:
    """Too often to be monitored."""
    note(f"every_second {_told(timer)}")


@bp.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
def new_year(timer: func.TimerRequest) -> None:
    """Runs when the host starts."""
    note(f"new_year {_told(timer)}")


@bp.timer_trigger(arg_name="timer", schedule="%SAMPLE_SCHEDULE%")
def by_setting(timer: func.TimerRequest) -> None:
    """Its schedule is an app setting."""
    note(f"by_setting {_told(timer)}")
