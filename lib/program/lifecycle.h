/* The life of a daemon: signals that end it, and what it tells a service manager. */
#ifndef COCOS_PROGRAM_LIFECYCLE_H
#define COCOS_PROGRAM_LIFECYCLE_H

#include "lib/base/err.h"

/* Blocks SIGTERM, SIGINT and SIGHUP in this thread and all that it starts, and ignores SIGPIPE.
 * Call first. */
void lifecycle_begin(void);

/* Tells systemd (NOTIFY_SOCKET) that the service is ready, or a status line; nothing without it. */
void lifecycle_ready(void);
void lifecycle_status(const char *format, ...) PRINTF_LIKE(1, 2);

/* Waits for a signal that ends the program and returns it. */
int lifecycle_wait(void);

/* The same for a program that reads its files anew when it is told to: SIGHUP is returned, too, and
 * ends nothing. */
int lifecycle_wait_or_renew(void);

/* Makes lifecycle_wait() return 0 from another thread: the program ends by itself. */
void lifecycle_end(void);

#endif
