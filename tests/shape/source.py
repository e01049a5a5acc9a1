"""Our C sources as the checks see them."""
import os
import re

FOLDERS = ["lib", "services", "cli", "eos", "tests"]

# Comments, strings and character constants.
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


class File:
    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8") as f:
            self.text = f.read()
        self.lines = self.text.splitlines()

    def code(self):
        """The text with comments, strings and characters blanked, line for line."""
        return NOISE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), self.text)

    def code_lines(self):
        """How many lines hold something else than blanks and comments."""
        kept = NOISE.sub(lambda m: m.group() if m.group()[0] in "\"'" else re.sub(r"[^\n]", " ", m.group()),
                         self.text)
        return sum(1 for line in kept.splitlines() if line.strip())

    def is_test(self):
        return self.path.startswith("tests/")


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = [File(root, path) for path in self._paths()]
        self.exceptions = self._read_exceptions()
        self.used = set()

    def _paths(self):
        for folder in FOLDERS:
            for where, folders, names in os.walk(os.path.join(self.root, folder)):
                folders.sort()
                for name in sorted(names):
                    if name.endswith((".c", ".h")):
                        yield os.path.relpath(os.path.join(where, name), self.root)

    def _read_exceptions(self):
        """Lines "check | file | what | reason" of the file beside this one's checks."""
        path = os.path.join(self.root, "tests/shape/exceptions")
        found = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                for line in f:
                    if line.strip() and not line.startswith("#"):
                        check, file, what, reason = [part.strip() for part in line.split("|", 3)]
                        found[(check, file, what)] = reason
        return found

    def excepted(self, check, path, what):
        key = (check, path, what)
        if self.exceptions.get(key):
            self.used.add(key)
            return True
        return False

    def stale_exceptions(self, check):
        return [f"tests/shape/exceptions: nothing needs '{' | '.join(key)}' (or it has no reason)"
                for key in self.exceptions if key[0] == check and key not in self.used]
