"""Files of at most 400 lines (tests, which are read case by case, of 600), functions of at most 60 lines
and of five parameters and an err."""
import re

FILE_MAX = 400
TEST_FILE_MAX = 600
FUNCTION_MAX = 60
PARAMETERS_MAX = 6

NAME = re.compile(r"(\w+)\s*\($")


def functions(code):
    """(line, name, parameters, length) of each function; the format puts its braces in column 0."""
    lines = code.split("\n")
    for i, line in enumerate(lines):
        if line.rstrip() != "{":
            continue
        first = i
        while first > 0 and lines[first - 1].strip() and lines[first - 1][0] not in "}#;":
            first -= 1
        last = next((k for k in range(i, len(lines)) if lines[k].startswith("}")), len(lines) - 1)
        name, parameters = signature(" ".join(lines[first:i]))
        yield first + 1, name, parameters, last - first + 1


def signature(text):
    """The name and the number of parameters: what stands in the last pair of outer parentheses."""
    depth, end = 0, text.rfind(")")
    for at in range(end, -1, -1):
        depth += (text[at] == ")") - (text[at] == "(")
        if depth == 0 and text[at] == "(":
            inner, name = text[at + 1:end], NAME.search(text[:at + 1])
            return name.group(1) if name else "?", count_parameters(inner)
    return "?", 0


def count_parameters(inner):
    depth, count = 0, 0 if inner.strip() in ("", "void") else 1
    for c in inner:
        depth += (c in "([") - (c in ")]")
        count += c == "," and depth == 0
    return count


def check_file(tree, file):
    def fault(what, line, text):
        return [] if tree.excepted("lengths", file.path, what) else [f"{file.path}:{line}: {text}"]

    found = []
    limit = TEST_FILE_MAX if file.is_test() else FILE_MAX
    if len(file.lines) > limit:
        found += fault("file", len(file.lines), f"{len(file.lines)} lines, at most {limit}")
    for line, name, parameters, length in functions(file.code()):
        if length > FUNCTION_MAX:
            found += fault(name, line, f"{name}() has {length} lines, at most {FUNCTION_MAX}")
        if parameters > PARAMETERS_MAX:
            found += fault(name, line, f"{name}() has {parameters} parameters, at most {PARAMETERS_MAX}")
    return found


def check(tree):
    return [fault for file in tree.files for fault in check_file(tree, file)]
