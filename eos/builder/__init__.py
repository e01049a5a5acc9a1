"""Builds EOS, the guest image. Each module owns one kind of input or output."""


class BuildError(Exception):
    """Something that a person can mend; the text says how."""
