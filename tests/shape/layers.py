"""Every include is allowed by the row of its room in LAYERS."""
import fnmatch
import os
import re

# What @posix stands for: libc, POSIX, and what Linux adds under sys/.
POSIX = """
assert ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic
stdbool stddef stdint stdio stdlib stdnoreturn string strings tgmath time uchar wchar wctype
dirent dlfcn endian fcntl fnmatch ftw getopt glob grp ifaddrs libgen mntent netdb poll pthread pwd
regex sched semaphore spawn syslog termios ulimit unistd utime wordexp
arpa/inet net/if net/route netinet/in netinet/tcp
sys/epoll sys/eventfd sys/file sys/inotify sys/ioctl sys/mman sys/mount sys/prctl sys/ptrace sys/random
sys/reboot sys/resource sys/select sys/sendfile sys/signalfd sys/socket sys/stat sys/statfs sys/statvfs
sys/syscall sys/sysinfo sys/sysmacros sys/time sys/timerfd sys/types sys/uio sys/un sys/utsname sys/wait
sys/xattr
""".split()

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


class Room:
    def __init__(self, line, text):
        parts = [part.strip() for part in text.split("|")]
        if len(parts) != 3:
            raise ValueError(f"LAYERS:{line}: expected 'room | rooms | headers'")
        self.line, self.name = line, parts[0]
        self.rooms = [] if parts[1] == "-" else parts[1].split()
        self.headers = parts[2].split()

    def may_include_room(self, other):
        return (other == self.name or other.startswith(self.name + "/") or
                any(fnmatch.fnmatchcase(other, pattern) for pattern in self.rooms))

    def may_include_header(self, header):
        if "@posix" in self.headers and header.endswith(".h") and header[:-2] in POSIX:
            return True
        return any(fnmatch.fnmatchcase(header, pattern) for pattern in self.headers)


def read_rooms(root):
    with open(os.path.join(root, "LAYERS"), encoding="utf-8") as f:
        lines = [(i, line) for i, line in enumerate(f, 1) if line.strip() and line[0] != "#"]
    return {room.name: room for room in (Room(i, line) for i, line in lines)}


def room_of(rooms, path):
    """The most specific room that the file lies in."""
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        if path in rooms:
            return rooms[path]
    return None


def check_rows(rooms, tree):
    for room in rooms.values():
        for pattern in room.rooms:
            if not any(fnmatch.fnmatchcase(name, pattern) for name in rooms):
                yield f"LAYERS:{room.line}: there is no room '{pattern}'"
        exists = os.path.isdir(os.path.join(tree.root, room.name))
        if exists and not any(room_of(rooms, file.path) is room for file in tree.files):
            yield f"LAYERS:{room.line}: no file is in room '{room.name}'"


def check_include(rooms, room, tree, quote, target):
    if quote == "<":
        return None if room.may_include_header(target) else f"<{target}> is not for '{room.name}'"
    if not os.path.exists(os.path.join(tree.root, target)):
        return f"\"{target}\" is not a path from the root"
    other = room_of(rooms, target)
    if other is None or not room.may_include_room(other.name):
        return f"\"{target}\" is not for '{room.name}'"
    return None


def check_file(rooms, tree, file):
    room = room_of(rooms, file.path)
    if room is None:
        yield f"{file.path}:1: lies in no room of LAYERS"
        return
    for match in INCLUDE.finditer(file.text):
        fault = check_include(rooms, room, tree, *match.groups())
        if fault and not tree.excepted("layers", file.path, match.group(2)):
            line = file.text.count("\n", 0, match.start(1)) + 1
            yield f"{file.path}:{line}: {fault}"


def check(tree):
    try:
        rooms = read_rooms(tree.root)
    except ValueError as fault:
        return [str(fault)]
    faults = list(check_rows(rooms, tree))
    for file in tree.files:
        if not file.is_test():
            faults += check_file(rooms, tree, file)
    return faults
