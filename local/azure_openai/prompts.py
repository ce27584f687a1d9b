"""Fields that both dialects read alike."""

from local.azure_openai import errors
from local.azure_openai.forms import Form

_MOST_DIGITS = 9
_MOST_CHARACTERS = 32_000  # azure-openai.md B.3; for Sora 1 the same is assumed (A.3)


def text(form: Form, name: str) -> str:
    """Return a required field that is text. Raises 400."""
    if name not in form.fields:
        raise errors.missing(name)
    value = form.fields[name]
    if not isinstance(value, str):
        message = f"Invalid type for '{name}': expected a string, but got {type(value).__name__} instead."
        raise errors.invalid(name, message, "invalid_type")
    return value


def prompt(form: Form) -> str:
    """Return the prompt, 1 to 32,000 characters. Raises 400."""
    value = text(form, "prompt")
    if not value:
        raise errors.invalid("prompt", "Invalid 'prompt': empty string.", "empty_string")
    if len(value) > _MOST_CHARACTERS:
        message = f"Invalid 'prompt': string too long, {len(value)} characters; at most {_MOST_CHARACTERS} are allowed."
        raise errors.invalid("prompt", message, "string_above_max_length")
    return value


def whole_number(name: str, value: object, *, at_least: int, at_most: int) -> int:
    """Return a number within its bounds, given as one or as its digits. Raises 400."""
    number = value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        number = int(value)
    if not isinstance(number, int) or isinstance(number, bool) or not at_least <= number <= at_most:
        raise errors.invalid(name, f"Invalid '{name}': {value!r} is not an integer from {at_least} to {at_most}.")
    return number
