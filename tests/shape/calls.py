"""Calls that our code does not make, and what it uses instead."""
import re

EVERYWHERE = {
    "gets": "file_read_fd",
    "atoi": "text_parse_u64", "atol": "text_parse_u64", "atoll": "text_parse_u64", "atof": "-",
    "strtok": "strtok_r or a span", "system": "child_run", "popen": "child_run",
    "rand": "random_bytes", "srand": "random_bytes", "random": "random_bytes",
    "gmtime": "text_format_time", "localtime": "text_format_time", "ctime": "text_format_time",
    "asctime": "text_format_time", "tmpnam": "mkdtemp", "tempnam": "mkdtemp", "mktemp": "mkdtemp",
    "alloca": "buf",
}

# What lib/base has in a better form. Tests may do as they like: they run with ASan, which sees overflows.
PRODUCT = {
    "strcpy": "buf or mem_strdup", "strcat": "buf", "strncpy": "buf", "strncat": "buf",
    "sprintf": "snprintf or buf_printf", "vsprintf": "vsnprintf",
    "memcmp": "span_equal, or secret_equal for secrets", "bcmp": "span_equal",
    "malloc": "mem_new or mem_zeroed", "calloc": "mem_new or mem_zeroed", "realloc": "mem_resize",
    "strdup": "mem_strdup", "strndup": "mem_copy", "asprintf": "mem_printf",
    "strftime": "text_format_time", "time": "clock_now", "gettimeofday": "clock_now",
}

# Libraries do not log, read the environment or end the program.
LIBRARY = {
    "getenv": "an argument", "setenv": "an argument", "exit": "an error", "printf": "an error",
    "puts": "an error", "fprintf": "an error", "perror": "an error", "syslog": "an error",
}

# The domain and the formats do not even ask the time: it comes in as an argument.
PURE_ROOMS = ("lib/json/", "lib/cbor/", "lib/crypto/", "lib/archive/", "lib/lzma/", "lib/http/",
              "lib/computation/", "lib/attest/")
PURE = {"clock_now": "an argument", "clock_now_ms": "an argument",
        "clock_monotonic_ms": "an argument", "clock_gettime": "an argument"}

# lib/base is where the better forms are made; lib/program is what programs have in common.
FREE = {"lib/base/": ["memcmp", "malloc", "calloc", "realloc", "strdup", "asprintf"],
        "lib/program/": LIBRARY}


def rules_for(path):
    rules = dict(EVERYWHERE)
    if not path.startswith("tests/"):
        rules.update(PRODUCT)
    if path.startswith("lib/"):
        rules.update(LIBRARY)
    if path.startswith(PURE_ROOMS):
        rules.update(PURE)
    for prefix, free in FREE.items():
        if path.startswith(prefix):
            rules = {call: instead for call, instead in rules.items() if call not in free}
    return rules


def check_file(tree, file):
    rules = rules_for(file.path)
    # A name after "." or "->" is a member.
    pattern = re.compile(r"(?<![\w.>])(" + "|".join(rules) + r")\s*\(")
    for match in pattern.finditer(file.code()):
        call = match.group(1)
        if not tree.excepted("calls", file.path, call):
            line = file.text.count("\n", 0, match.start()) + 1
            yield f"{file.path}:{line}: {call}() is banned; instead: {rules[call]}"


def check(tree):
    return [fault for file in tree.files for fault in check_file(tree, file)]
