"""The video-provider port and its two dialects."""
