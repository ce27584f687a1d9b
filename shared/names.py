"""The names by which durable functions call each other. Orchestrators use these strings, never function objects:
a misspelt name hangs an instance for ever on the real host, so function_app checks each of them when it starts.
"""

GENERATE_VIDEO = "generate_video"

SUBMIT_RENDER = "submit_render"
FIND_RENDER = "find_render"
LOOK_AT_RENDER = "look_at_render"
RELEASE_SLOT = "release_slot"
STORE_GENERATION = "store_generation"
MAKE_PICTURES = "make_pictures"
FINISH_JOB = "finish_job"
FORGET_JOB = "forget_job"

ORCHESTRATORS = frozenset({GENERATE_VIDEO})
ACTIVITIES = frozenset(
    {
        SUBMIT_RENDER,
        FIND_RENDER,
        LOOK_AT_RENDER,
        RELEASE_SLOT,
        STORE_GENERATION,
        MAKE_PICTURES,
        FINISH_JOB,
        FORGET_JOB,
    }
)

WAKE = "wake"
"""The event that makes a waiting story look at its job at once. A hint, never a fact."""
