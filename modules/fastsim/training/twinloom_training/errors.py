"""What goes wrong because of the user's input, told in one line without a traceback."""


class RecipeError(Exception):
    """The message says what failed, on what, what is allowed and what to do."""
