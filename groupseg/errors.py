"""The one exception for what a user can cause and mend."""


class UserError(ValueError):
    """Bad input or a bad environment.

    The message is one line that names the file or argument, says what was expected and what was found, and how to mend
    it.
    Stages and the command line print it without a traceback and exit with status 1.
    """
