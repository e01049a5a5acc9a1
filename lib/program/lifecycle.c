#include "lib/program/lifecycle.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* SIGUSR1 never comes from outside here: it is blocked like the others and means lifecycle_end().
 */
#define SIGNAL_END SIGUSR1

static sigset_t handled_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGNAL_END);
    return set;
}

void lifecycle_begin(void)
{
    sigset_t set = handled_signals();

    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* The protocol of sd_notify(3): one datagram to the socket that NOTIFY_SOCKET names. */
static void notify(const char *message)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    OWNED(close_fd) int fd = -1;

    if (length < 2 || length >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

void lifecycle_ready(void)
{
    notify("READY=1");
}

void lifecycle_status(const char *format, ...)
{
    char message[512] = "STATUS=";
    size_t used = strlen(message);
    va_list args;

    va_start(args, format);
    vsnprintf(message + used, sizeof(message) - used, format, args);
    va_end(args);
    notify(message);
}

int lifecycle_wait_or_renew(void)
{
    sigset_t set = handled_signals();
    int number = 0;

    while (sigwait(&set, &number) != 0)
        ;
    if (number != SIGHUP)
        notify("STOPPING=1");
    return number == SIGNAL_END ? 0 : number;
}

int lifecycle_wait(void)
{
    int number = lifecycle_wait_or_renew();

    if (number == SIGHUP)
        notify("STOPPING=1");
    return number;
}

void lifecycle_end(void)
{
    kill(getpid(), SIGNAL_END);
}
