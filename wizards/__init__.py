from . import office365_sender
