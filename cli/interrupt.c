#include "cli/interrupt.h"

#include "lib/base/clock.h"

#include <poll.h>
#include <signal.h>

static volatile sig_atomic_t came;

static void on_signal(int signal_number)
{
    (void)signal_number;
    came = 1;
}

void interrupt_begin(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool interrupt_came(void *unused)
{
    (void)unused;
    return came != 0;
}

int interrupt_check(struct err *err)
{
    return came ? err_set(err, ERR_INTERRUPTED, "interrupted") : 0;
}

int interrupt_sleep(unsigned ms, struct err *err)
{
    int64_t until = clock_monotonic_ms() + ms;
    int64_t left;

    while (!came && (left = until - clock_monotonic_ms()) > 0)
        poll(NULL, 0, (int)left); /* a signal ends it early */
    return interrupt_check(err);
}
