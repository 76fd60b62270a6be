"""What an editor asks of a text that is being edited: no protocol, no file is ever written."""
