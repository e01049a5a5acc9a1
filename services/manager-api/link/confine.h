/* The doors that the verifier's process shuts behind itself before it reads a byte of a guest's. */
#ifndef COCOS_MANAGER_LINK_CONFINE_H
#define COCOS_MANAGER_LINK_CONFINE_H

/* For this process and whatever it becomes, for good:
 *
 * - It is nobody where it was root, gains no privileges, gets no new namespaces, neither by
 *   unshare() nor with a child, and has no powers after exec() (until then those over the
 *   namespaces that it is in).
 * - It has a network of its own that reaches nothing, makes no socket and no pair of them, and
 *   connects, binds and sends through none that was left open; read() and write() do go there.
 * - It writes no file, and reads what any program needs to run and no other file. What stat() tells
 *   of others it may ask.
 * - It signals no process but this one, which its children may signal, too: neither by kill() and
 *   the like nor as the owner of a descriptor that has something to say. It does not trace others,
 *   read or move their memory, take their descriptors, or change their bounds, priority or place.
 * - Each of its processes has bounds on time, memory and open files. How many there are is not
 *   bounded.
 *
 * Open descriptors stay, and give what they give.
 *
 * Where the kernel has no Landlock, what is kept from the process is what the user that it is may
 * not read: next to nothing when the manager is root, and too little when it is not. Pipes and
 * devices with a name may then be written to, too, as that user may.
 *
 * program: the one file besides that may be run, wherever it lies, when anybody may run it. Returns
 * it as a descriptor of no use but that, open across exec since what interprets a script opens it
 * once more; or -1 with errno: a door that cannot be shut. */
int confine(const char *program);

#endif
