"""What can go wrong with the servers, as messages for a person. No other module's errors."""


class ServerError(Exception):
    """Something about a server that the user can mend; the message says what is wrong and what to do."""


class NotRunningError(ServerError):
    """The embedded server is down."""


class InUseError(ServerError):
    """Others use the server or the home, so it cannot be stopped or taken."""
