"""The parts of the app under test."""
