"""Firmware for guests that their processor protects: the part `launch` of the release record."""

import sys

from builder import BuildError, record


class Firmware:
    """What one platform starts with; or, with data None, why there is nothing."""

    def __init__(self, platform, wanted, suite_of):
        self.platform = platform
        self.cpu_model = wanted.get("cpu_model")
        self.name = f"OVMF.{platform}.fd"
        self.package, self.data, self.missing = None, None, None
        try:
            suite = suite_of(wanted["suite"])
            self.package = suite.fetch([wanted["package"]])[wanted["package"]]
            self.data = (suite.unpack(self.package) / wanted["file"]).read_bytes()
        except (BuildError, OSError) as why:
            # The image is as good as before for all other platforms.
            sys.stderr.write(f"eos/build: no image for {platform}: {why}\n")
            self.missing = (f"the package {wanted['package']} of Debian '{wanted['suite']}' could not be had "
                            "when this image was built; build it where it can")

    def record(self):
        if self.data is None:
            return {"missing": self.missing}
        made = {"firmware": record.file_record(self.name, self.data, package=self.package.name,
                                               version=self.package.version)}
        if self.cpu_model:
            made["cpu_model"] = self.cpu_model
        return made
