"""What goes wrong because of the user's input, told in one line without a traceback."""


class RecipeError(Exception):
    """The message says what failed, on what, what is allowed and what to do."""


def first_line(error: Exception) -> str:
    """What an exception of another library says, without the trace that some of them append."""
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".,: ")
