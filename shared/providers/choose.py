"""Which dialect a lane's provider speaks."""

from shared.lanes import Lane
from shared.providers.port import VideoProvider
from shared.providers.sora_jobs import SoraJobs
from shared.providers.videos_v1 import VideosV1


def provider(lane: Lane) -> VideoProvider:
    """Return the lane's provider; connections are shared, so this is cheap."""
    return VideosV1(lane) if lane.api == "videos" else SoraJobs(lane)
