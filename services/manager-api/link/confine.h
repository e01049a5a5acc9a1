/* The doors that the verifier's process shuts behind itself before it reads a byte of a guest's. */
#ifndef COCOS_MANAGER_LINK_CONFINE_H
#define COCOS_MANAGER_LINK_CONFINE_H

/* For this process and whatever it becomes, for good: it is nobody where it was root, has neither
 * powers nor a way to new ones, no network and no sockets, can write no file, can read what any
 * program needs to run and no other file, may not touch other processes, and has bounds on time and
 * memory. Open descriptors stay, and give what they give.
 *
 * Where the kernel has no Landlock, what is kept from the process is what the user that it is may
 * not read: next to nothing when the manager is root, and too little when it is not.
 *
 * program: the one file besides that may be run, wherever it lies, when anybody may run it. Returns
 * it as a descriptor of no use but that, open across exec since what interprets a script opens it
 * once more; or -1 with errno: a door that cannot be shut. */
int confine(const char *program);

#endif
